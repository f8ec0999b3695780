//! EG022: the gateway's nodes are ready.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, NodeFacts, PodFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(22),
    name: "the gateway's nodes are ready",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways, Input::Nodes],
    beside_the_walk: "It reads nodes, not the configuration of proxies: a call ends at a gateway pod whether its node is \
                      ready or not.",
    docs: "\
## What it checks
The condition `Ready` of each node with a ready gateway pod; whether all these nodes are cordoned; and the scheduler's
message for pods without a node: full nodes, taints, selectors that match no node.

## Why it matters
A pod stays ready for minutes after its node is gone. Calls to it hang or fail until it is replaced, and it is
replaced only if another node may run it. A pod without a node takes no traffic.

## How to fix
Bring the node back, or delete the pod so that another node takes over. Make room on the gateway's nodes, uncordon
them, give the pods a toleration, or label a node to match the pods' selector.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let used: BTreeSet<&str> = gateway.ready_pods().filter_map(|pod| pod.node.as_deref()).collect();
    let homeless: Vec<&PodFacts> = gateway.pods.iter().filter(|pod| pod.unschedulable.is_some()).collect();
    if used.is_empty() && homeless.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let nodes = view.nodes();
    let mut findings: Vec<Finding> = homeless.iter().map(|pod| without_node(pod, gateway, nodes)).collect();
    let of = |name: &str| nodes.iter().find(|node| node.name == name);
    if findings.is_empty() && !used.iter().any(|name| of(name).is_some()) {
        let why = view.unreadable(Input::Nodes);
        return CheckOutcome::Unreadable(why.unwrap_or_else(|| "nodes were not read".to_owned()));
    }
    let down: Vec<&str> =
        used.iter().copied().filter(|name| of(name).is_some_and(|node| !node.ready)).collect();
    findings.extend(down.iter().map(|name| not_ready(name, gateway, down.len() == used.len())));
    let cordoned = used.iter().all(|name| of(name).is_some_and(|node| !node.schedulable));
    if findings.is_empty() && cordoned {
        findings.push(all_cordoned(gateway, &used));
    }
    if findings.is_empty() {
        let used: Vec<&str> = used.into_iter().collect();
        return CheckOutcome::Good(Some(list(&used)));
    }
    CheckOutcome::Bad(findings)
}

fn not_ready(node: &str, gateway: &GatewayFacts, all: bool) -> Finding {
    let there = gateway.ready_pods().filter(|pod| pod.node.as_deref() == Some(node));
    let pods: Vec<&str> = there.map(|pod| pod.name.as_str()).collect();
    let delete =
        ShellCommand::new(["kubectl", "delete"]).each(pods.iter().map(|pod| Word::object("pod", pod)));
    let delete = delete.in_namespace(&gateway.name.namespace).word("--wait=false");
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if all { Level::Error } else { Level::Warning },
        message: format!("node {node} is not ready"),
        object: Place::new("Node", None, node).field("status.conditions[Ready]", "False"),
        evidence: vec![format!("pods on it that still count as ready: {}", list(&pods))],
        consequence: if all {
            "every call through this gateway hangs or fails".to_owned()
        } else {
            "calls that reach the pods on it hang or fail".to_owned()
        },
        fix: fixes::fix(
            delete,
            "another node takes over, if one may run them; `kubectl describe node` shows the problem of this one",
        ),
    }
}

fn all_cordoned(gateway: &GatewayFacts, nodes: &BTreeSet<&str>) -> Finding {
    let names: Vec<&str> = nodes.iter().copied().collect();
    let first = names.first().copied().unwrap_or_default();
    let pods: Vec<&str> = gateway.ready_pods().map(|pod| pod.name.as_str()).collect();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: Level::Warning,
        message: format!("every node of the gateway is cordoned: {}", list(&names)),
        object: Place::new("Node", None, first).field("spec.unschedulable", "true"),
        evidence: vec![format!("pods on them: {}", list(&pods))],
        consequence: "a replaced pod cannot return to these nodes, and may find no other node".to_owned(),
        fix: uncordon(&names),
    }
}

fn without_node(pod: &PodFacts, gateway: &GatewayFacts, nodes: &[NodeFacts]) -> Finding {
    let none_ready = gateway.ready_pods().next().is_none();
    let said = pod.unschedulable.as_deref().unwrap_or_default();
    let cordoned: Vec<&str> =
        nodes.iter().filter(|node| !node.schedulable).map(|node| node.name.as_str()).collect();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if none_ready { Level::Error } else { Level::Warning },
        message: format!("the scheduler finds no node for gateway pod {}", pod.name),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name)
            .field("status.conditions[PodScheduled]", "False"),
        evidence: vec![format!("the scheduler: {said}")],
        consequence: if none_ready {
            "no pod of the gateway is ready: every call through it fails with 503".to_owned()
        } else {
            "the ready pods take all traffic".to_owned()
        },
        fix: if said.contains("were unschedulable") && !cordoned.is_empty() {
            uncordon(&cordoned)
        } else {
            fixes::fix(
                ShellCommand::new(["kubectl", "describe"])
                    .object("pod", &pod.name)
                    .in_namespace(&pod.namespace),
                "shows selector, tolerations and requests; then make room on a node, label one, or tolerate its taint",
            )
        },
    }
}

fn uncordon(nodes: &[&str]) -> Fix {
    let uncordon = ShellCommand::new(["kubectl", "uncordon"]).each(nodes.iter().map(|node| Word::name(node)));
    fixes::fix(uncordon, "lets the nodes accept pods again")
}

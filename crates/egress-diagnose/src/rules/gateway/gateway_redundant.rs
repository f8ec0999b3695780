//! EG043: the gateway survives the loss of a node.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::label_selector::selects;
use egress_core::snapshot::{GatewayFacts, PodFacts};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(43),
    name: "the gateway survives the loss of a node",
    level: Level::Warning,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways, Input::Nodes, Input::Budgets],
    beside_the_walk: "It warns of what will come: calls pass until a node is lost.",
    docs: "\
## What it checks
The ready pods of the gateway: there are at least two; they are not all on one node if there are others; and a
PodDisruptionBudget stops a drain from evicting all of them at once. A HorizontalPodAutoscaler that may scale down to
one pod is reported too.

## Why it matters
All calls through the gateway fail while none of its pods is ready. A drain of the only node, or of two nodes in a
row, causes that in the middle of a working day.

## How to fix
Run at least two pods, spread over nodes (`topologySpreadConstraints` on `kubernetes.io/hostname`), with a
PodDisruptionBudget of `minAvailable: 1`.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, gateway).map_or_else(
        |outcome| outcome,
        |found| found.map_or(CheckOutcome::NotApplicable, |found| CheckOutcome::of(1, found)),
    )
}

/// None if no pod is ready, which EG061 reports.
fn findings(view: &View<'_>, gateway: &GatewayFacts) -> Readable<Option<Vec<Finding>>> {
    let ready: Vec<&PodFacts> = gateway.ready_pods().collect();
    let budgets = view.budgets()?;
    let (Some(first), nodes) = (ready.first().copied(), view.nodes()) else { return Ok(None) };
    let workload = PodOwner::of(first);
    let on: BTreeSet<&str> = ready.iter().filter_map(|pod| pod.node.as_deref()).collect();
    let others =
        nodes.iter().filter(|node| node.ready && node.schedulable && !on.contains(node.name.as_str()));
    let mut found = Vec::new();
    if ready.len() > 1 && on.len() == 1 {
        view.readable(Input::Nodes)?;
    }
    if ready.len() == 1 {
        found.push(alone(view, gateway, first, &workload)?);
    } else if let (1, Some(node), 1..) = (on.len(), on.first(), others.count()) {
        found.push(on_one_node(gateway, node, ready.len(), &workload));
    }
    let namespace = &gateway.name.namespace;
    let budgeted = budgets
        .iter()
        .filter(|budget| budget.namespace == *namespace)
        .any(|budget| budget.spec.selector.as_ref().is_some_and(|selector| selects(selector, &first.labels)));
    if ready.len() > 1 && !budgeted {
        found.push(without_budget(gateway, ready.len()));
    }
    Ok(Some(found))
}

fn alone(view: &View<'_>, gateway: &GatewayFacts, pod: &PodFacts, workload: &PodOwner) -> Readable<Finding> {
    let namespace = &gateway.name.namespace;
    let autoscaler = view.autoscalers()?.iter().find(|autoscaler| {
        let target = &autoscaler.spec.scale_target_ref;
        autoscaler.namespace == *namespace && target.kind == workload.kind && target.name == workload.name
    });
    let fix = match autoscaler {
        Some(autoscaler) => {
            let object = ("horizontalpodautoscaler", autoscaler.name.as_str(), namespace.as_str());
            let patch = json!({ "spec": { "minReplicas": 2 } });
            fixes::merged(object, &patch, "the autoscaler then keeps at least two pods")
        }
        None if workload.has_template() && workload.kind != "DaemonSet" => fixes::fix(
            ShellCommand::new(["kubectl", "scale"])
                .object(&workload.kind(), &workload.name)
                .in_namespace(namespace)
                .words(["--replicas", "2"]),
            "a second pod takes over while the first is down",
        ),
        None => fixes::fix(
            ShellCommand::new(["kubectl", "get", "pods"]).in_namespace(namespace).words(["-o", "wide"]),
            "shows the pods and their nodes; add another pod on another node",
        ),
    };
    let node = pod.node.as_deref().unwrap_or_default();
    let minimum = autoscaler.map(|autoscaler| autoscaler.spec.min_replicas.unwrap_or(1));
    let least = |minimum: i32| format!("its HorizontalPodAutoscaler may scale down to {minimum}");
    Ok(finding(
        Level::Info,
        format!("one pod, on node {node}, takes all calls"),
        Place::new("Pod", Some(namespace), &pod.name).field("spec.nodeName", node),
        minimum.map(least).into_iter().collect(),
        "every call through this gateway fails while this pod or its node is replaced",
        fix,
    ))
}

fn on_one_node(gateway: &GatewayFacts, node: &str, pods: usize, workload: &PodOwner) -> Finding {
    let (namespace, service) = (&gateway.name.namespace, &gateway.name.service);
    let spread = json!({ "spec": { "topologySpreadConstraints": [{
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": { "matchLabels": gateway.selector },
        "matchLabelKeys": ["pod-template-hash"],
    }] } });
    finding(
        Level::Warning,
        format!("all {pods} ready pods run on node {node}"),
        Place::new("Service", Some(namespace), service),
        vec!["other nodes are ready".to_owned()],
        "every call through this gateway fails when this one node is drained or lost",
        fixes::template(namespace, workload, &spread, "spreads the pods over the allowed nodes"),
    )
}

fn without_budget(gateway: &GatewayFacts, pods: usize) -> Finding {
    let (namespace, service) = (&gateway.name.namespace, &gateway.name.service);
    let labels: &BTreeMap<String, String> = &gateway.selector;
    let manifest = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": { "name": service, "namespace": namespace },
        "spec": { "minAvailable": 1, "selector": { "matchLabels": labels } },
    });
    finding(
        Level::Info,
        format!("no PodDisruptionBudget covers the {pods} pods"),
        Place::new("Service", Some(namespace), service),
        Vec::new(),
        "drains of several nodes may evict all pods at once; every call then fails until one is ready",
        fixes::apply(&manifest, "a drain waits until another pod is ready"),
    )
}

fn finding(
    level: Level,
    message: String,
    object: Place,
    evidence: Vec<String>,
    consequence: &str,
    fix: Fix,
) -> Finding {
    let (code, consequence) = (CHECK.code, consequence.to_owned());
    Finding { code, confidence: Confidence::Certain, level, message, object, evidence, consequence, fix }
}

//! EG102: the gateway's pods run on the nodes that are designated for them.

use std::collections::BTreeSet;

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, NodeDemand, NodeFacts, PodFacts};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(102),
    name: "the gateway's pods run on the nodes designated for them",
    level: Level::Error,
    segment: PathSegment::Upstream,
    inputs: &[Input::Gateways, Input::Nodes, Input::Workloads],
    beside_the_walk: "The path is right on any node. This check compares nodes with the labels and affinities of the \
                      gateway.",
    docs: "\
## What it checks
The node of each gateway pod, against two designations. First, the `nodeSelector` and the required node affinity of the
pod and of its Deployment. Second, where these demand nothing: nodes with a label or a taint about egress, such as
`node-role.kubernetes.io/egress`. If no other gateway runs there, the pods of this one belong there.

## Why it matters
Kubernetes compares a pod with its node only once, when it schedules the pod. If the node later loses the label, the pod
stays, and its calls leave with the address of a node that firewalls do not expect. A Deployment without a selector puts
its pods anywhere, however the nodes are labelled.

## How to fix
Label the node again, or delete the pod to schedule it again. Give the Deployment a node selector for the
designated nodes, and a toleration for their taint.
",
    run: Run::Gateway(run),
};

/// The word in the labels and taints of nodes.
const EGRESS: &str = "egress";
/// Labels with that word that other tools put on any node.
const OF_OTHERS: [&str; 2] = ["k8s.ovn.org/egress-assignable", "egress.k8s.ovn.org"];

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, gateway).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, gateway: &GatewayFacts) -> Readable<CheckOutcome> {
    let pods: Vec<&PodFacts> =
        gateway.pods.iter().filter(|pod| !pod.finished && pod.node.is_some()).collect();
    if pods.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    view.readable(Input::Nodes)?;
    let nodes = view.nodes();
    let of = |pod: &PodFacts| nodes.iter().find(|node| pod.node.as_deref() == Some(node.name.as_str()));
    let (mut looked_at, mut found, mut is_demanding, mut unread) = (0, Vec::new(), false, None);
    for pod in &pods {
        let Some(node) = of(pod) else { continue };
        let demands = demands(view, pod).unwrap_or_else(|outcome| {
            unread = Some(outcome);
            Vec::new()
        });
        for demand in demands {
            looked_at += 1;
            is_demanding = true;
            if !demand.allows(node) {
                found.push(off_its_nodes(pod, node, demand));
                break;
            }
        }
    }
    if let Some(outcome) = unread.filter(|_| found.is_empty()) {
        return Err(outcome);
    }
    if !is_demanding {
        let designated: Vec<&NodeFacts> = nodes.iter().filter(|node| designation(node).is_some()).collect();
        let is_on = |pod: &&PodFacts| of(pod).is_some_and(|node| designation(node).is_some());
        let others = view.gateways().iter().filter(|other| other.name != gateway.name);
        let is_anothers = others.flat_map(|other| &other.pods).any(|pod| is_on(&pod));
        let on = pods.iter().copied().filter(is_on).count();
        if let Some(first) = designated.first().filter(|_| on > 0 || !is_anothers) {
            looked_at += pods.len();
            let off: Vec<&PodFacts> =
                pods.iter().copied().filter(|pod| of(pod).is_some() && !is_on(pod)).collect();
            found.extend(
                off.first().map(|pod| off_the_egress_nodes(gateway, pod, off.len(), &designated, first)),
            );
        }
    }
    Ok(CheckOutcome::of(looked_at, found))
}

/// What a pod's node must have: by its own words, and by those of its workload, which may have changed.
fn demands<'p, 'a: 'p>(view: &View<'a>, pod: &'p PodFacts) -> Readable<Vec<&'p NodeDemand>> {
    let mut found: Vec<&'p NodeDemand> = vec![&pod.node_demand];
    let owner = PodOwner::of(pod);
    let of_pod = |workload: &&egress_core::related_resources::WorkloadFacts| {
        workload.namespace == pod.namespace && workload.kind == owner.kind && workload.name == owner.name
    };
    // Without Deployments the pods speak for themselves.
    match view.workloads() {
        Ok(workloads) => {
            found.extend(workloads.iter().find(of_pod).map(|workload| &workload.node_demand));
        }
        Err(outcome) if pod.node_demand.is_empty() => return Err(outcome),
        Err(_) => {}
    }
    found.retain(|demand| !demand.is_empty());
    Ok(found)
}

/// The label or the taint that says that a node is for egress.
fn designation(node: &NodeFacts) -> Option<String> {
    let is_about = |text: &str| text.to_ascii_lowercase().contains(EGRESS);
    let counts = |key: &str| !OF_OTHERS.iter().any(|other| key.starts_with(other));
    let named = |(key, value): &(&String, &String)| {
        counts(key) && (is_about(key) || is_about(value)) && !["false", "no"].contains(&value.as_str())
    };
    // The name of a node is a label of it.
    let labels = node.labels.iter().filter(|(key, _)| *key != "kubernetes.io/hostname");
    let label = labels.into_iter().find(named).map(|(key, value)| format!("label {key}={value}"));
    let taint = || node.taints.iter().find(|taint| is_about(taint) && counts(taint));
    label.or_else(|| taint().map(|taint| format!("taint {taint}")))
}

fn off_its_nodes(pod: &PodFacts, node: &NodeFacts, demand: &NodeDemand) -> Finding {
    let labels: Vec<String> = demand.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let lacking: Vec<String> = demand
        .labels
        .iter()
        .filter(|(key, value)| node.labels.get(*key) != Some(value))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let demanded = if labels.is_empty() { "required node affinity".to_owned() } else { list(&labels) };
    let owner = PodOwner::of(pod);
    let mut evidence = vec![format!("{owner} demands of its nodes: {demanded}")];
    if !lacking.is_empty() {
        evidence.push(format!("node/{} has no {}", node.name, list(&lacking)));
    }
    let delete = ShellCommand::new(["kubectl", "delete"]).object("pod", &pod.name);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: Level::Error,
        message: format!(
            "gateway pod {} runs on node {}, which its own selector excludes",
            pod.name, node.name
        ),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name).field("spec.nodeName", &node.name),
        evidence,
        consequence: format!(
            "its calls leave from {}, with the address of a node that is not designated",
            node.name
        ),
        fix: fixes::fix(
            delete.in_namespace(&pod.namespace).word("--wait=false"),
            "the scheduler puts its successor on a designated node; or label the node again",
        ),
    }
}

fn off_the_egress_nodes(
    gateway: &GatewayFacts,
    pod: &PodFacts,
    pods: usize,
    designated: &[&NodeFacts],
    first: &NodeFacts,
) -> Finding {
    let names: BTreeSet<&str> = designated.iter().map(|node| node.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let owner = PodOwner::of(pod);
    let node = pod.node.as_deref().unwrap_or_default();
    let label = first.labels.iter().find(|(key, value)| {
        key.as_str() != "kubernetes.io/hostname" && (key.contains(EGRESS) || value.contains(EGRESS))
    });
    let why = "puts the pods on these nodes; tolerate their taint, if they have one";
    let fix = match label {
        Some((key, value)) => {
            let selector = json!({ "spec": { "nodeSelector": { key: value } } });
            fixes::template(&gateway.name.namespace, &owner, &selector, why)
        }
        None => fixes::fix(ShellCommand::new(["kubectl", "describe"]).object("node", &first.name), why),
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: Level::Warning,
        message: format!("gateway {} does not run on the nodes designated for egress", gateway.name),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name).field("spec.nodeName", node),
        evidence: vec![
            format!("{} has {}", list(&names), designation(first).unwrap_or_default()),
            format!("{owner} demands nothing of its nodes; pods elsewhere: {pods}"),
        ],
        consequence: format!("calls leave from {node}, with the address of a node that is not designated"),
        fix,
    }
}

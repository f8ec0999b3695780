//! EG020: caller pods do not use hostNetwork.

use egress_core::input::Input;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::data_plane::DataPlaneMode;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(20),
    name: "caller pods do not use hostNetwork",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Namespaces, Input::Pods],
    beside_the_walk: "Calls are followed through the sidecar. These pods have none on their traffic.",
    docs: "\
## What it checks
`spec.hostNetwork` of the running pods, in namespaces that call hosts through a gateway.

## Why it matters
A pod with `hostNetwork` gets no sidecar, ztunnel does not capture its calls, and NetworkPolicies do not apply to it.
Its calls leave from its node, and nothing in the cluster can block them.

## How to fix
Remove `hostNetwork` from the pod template, or move the workload to a namespace that calls no hosts through a gateway.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let (mut pods, mut findings) = (0, Vec::new());
    for (namespace, calls) in view.caller_namespaces() {
        let read = || {
            Ok((
                view.calling_pods(namespace)?,
                view.workloads_with_mode(namespace, DataPlaneMode::HostNetwork)?,
            ))
        };
        let (calling, workloads) = match read() {
            Ok(read) => read,
            Err(outcome) => return outcome,
        };
        pods += calling;
        findings.extend(workloads.iter().map(|(workload, pods)| {
            let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
            let change = json!({ "spec": { "hostNetwork": false } });
            Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: format!("{workload} of {namespace} uses hostNetwork"),
                object: Place::new("Pod", Some(namespace), names.first().copied().unwrap_or_default())
                    .field("spec.hostNetwork", "true"),
                evidence: vec![format!("pods: {}", list(&names))],
                consequence: format!(
                    "its calls to {} leave directly, and no NetworkPolicy applies to them",
                    calls.wording()
                ),
                fix: fixes::template(namespace, workload, &change, "its pods then use the pod network"),
            }
        }));
    }
    CheckOutcome::of(pods, findings)
}

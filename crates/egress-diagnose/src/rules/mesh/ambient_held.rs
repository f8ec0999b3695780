//! EG073: pods in ambient mode do not rely on REGISTRY_ONLY.

use egress_core::input::Input;
use egress_core::snapshot::OutboundMode;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::istio::data_plane::DataPlaneMode;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::unrestricted_pods::unrestricted_pods;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(73),
    name: "pods in ambient mode do not rely on REGISTRY_ONLY",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Mesh, Input::Namespaces, Input::Pods, Input::NetworkPolicies],
    beside_the_walk: "Calls to declared hosts pass. This check is about all other hosts.",
    docs: "\
## What it checks
If the mesh is set to `REGISTRY_ONLY`: NetworkPolicies block direct egress from pods in ambient mode, in namespaces
that call hosts through a gateway.

## Why it matters
`REGISTRY_ONLY` is a setting of sidecars. ztunnel ignores it: calls to hosts without a ServiceEntry leave from the
pod's own node (istio/istio#54281, istio/istio#58644).

## How to fix
Use a NetworkPolicy that allows egress from these namespaces only to pods of the cluster.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    if view.mesh().outbound != Some(OutboundMode::RegistryOnly) {
        return CheckOutcome::NotApplicable;
    }
    findings(view).map_or_else(
        |outcome| outcome,
        |found| found.map_or(CheckOutcome::NotApplicable, |found| CheckOutcome::of(1, found)),
    )
}

/// None where no calling pod is in ambient mode.
fn findings(view: &View<'_>) -> Readable<Option<Vec<Finding>>> {
    let mut found = None;
    for (namespace, calls) in view.caller_namespaces() {
        let workloads = view.workloads_with_mode(namespace, DataPlaneMode::Ztunnel)?;
        if workloads.is_empty() {
            continue;
        }
        let unrestricted_pods =
            unrestricted_pods(view.network_policies()?, namespace, &workloads, &calls.ports);
        found.get_or_insert_with(Vec::new).extend(unrestricted_pods.into_iter().map(|leak| Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("REGISTRY_ONLY has no effect in {namespace}, and {}", leak.message),
            object: leak.object,
            evidence: leak.evidence,
            consequence: format!(
                "calls from {namespace} to hosts without a ServiceEntry leave directly from the pods' nodes"
            ),
            fix: leak.fix,
        }));
    }
    Ok(found)
}

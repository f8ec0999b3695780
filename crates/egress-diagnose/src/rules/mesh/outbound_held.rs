//! EG018: NetworkPolicies block direct egress from the caller pods.
//!
//! EG073 is about pods in ambient mode in a mesh with `REGISTRY_ONLY`.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::snapshot::OutboundMode;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::istio::data_plane::DataPlaneMode;
use crate::kubernetes::workload::by_workload;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::unrestricted_pods::unrestricted_pods;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(18),
    name: "NetworkPolicies block direct egress from the caller pods",
    level: Level::Info,
    segment: PathSegment::Mesh,
    inputs: &[Input::Mesh, Input::Namespaces, Input::Pods, Input::NetworkPolicies],
    beside_the_walk: "No followed call shows traffic that bypasses the sidecar.",
    docs: "\
## What it checks
The NetworkPolicies of each namespace that calls hosts through a gateway: policies with `Egress` select every pod, and
allow no traffic to the internet on a port that is called there. A rule without `to`, or an `ipBlock` of a /16 or more
of public addresses, allows it. Firewalls and the CNI plugin's own policies are not read.

## Why it matters
Istio's objects route calls to the gateway; they block nothing. Traffic that bypasses the sidecar, and all traffic of
a pod without a sidecar, leaves from the pod's own node. Only the network can block that: a NetworkPolicy, if the CNI
plugin enforces it, or a firewall.

## How to fix
In every caller namespace, allow egress only to pods of the cluster. Only the gateway's own namespace may send traffic
out.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    if view.caller_namespaces().is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let policies = view.network_policies()?;
    let ztunnel_is_told_elsewhere = view.mesh().outbound == Some(OutboundMode::RegistryOnly);
    let concerns = |mode: DataPlaneMode| match mode {
        DataPlaneMode::Sidecar | DataPlaneMode::NotInMesh => true,
        DataPlaneMode::Ztunnel => !ztunnel_is_told_elsewhere,
        DataPlaneMode::Proxy | DataPlaneMode::HostNetwork => false,
    };
    let (mut looked_at, mut findings) = (0, Vec::new());
    for (namespace, calls) in view.caller_namespaces() {
        let pods = view.pods_with_mode(namespace)?.into_iter().filter(|(_, mode)| concerns(*mode));
        let workloads: BTreeMap<_, _> = by_workload(pods.map(|(pod, _)| pod));
        looked_at += workloads.len();
        findings.extend(unrestricted_pods(policies, namespace, &workloads, &calls.ports).into_iter().map(|leak| Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: leak.message,
            object: leak.object,
            evidence: leak.evidence,
            consequence: format!(
                "traffic that bypasses the sidecar in {namespace} leaves directly, unless a firewall or CNI policy \
                 blocks it"
            ),
            fix: leak.fix,
        }));
    }
    Ok(CheckOutcome::of(looked_at, findings))
}

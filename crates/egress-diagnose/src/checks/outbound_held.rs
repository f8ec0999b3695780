//! EG018: something beside Istio keeps the callers' pods from leaving directly.
//!
//! Pods in ambient mode of a mesh with `REGISTRY_ONLY` are a matter of EG073.

use std::collections::BTreeMap;

use egress_core::snapshot::OutboundMode;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding};
use crate::held::leaks;
use crate::pods::{Carrier, by_workload};
use crate::view::{Known, View};

pub(super) const CHECK: Check = Check {
    code: Code(18),
    name: "NetworkPolicies keep the callers' pods from leaving directly",
    level: Level::Info,
    hop: Hop::Mesh,
    inputs: &[Input::Mesh, Input::Namespaces, Input::Pods, Input::NetworkPolicies],
    docs: "\
## What it checks
The NetworkPolicies of each namespace that calls hosts through a gateway: whether those that select a pod for `Egress` leave
it a way to the internet on a port that is called there. A rule without `to`, and an `ipBlock` of at least a /16 of public
addresses, is such a way. Policies of a network plugin's own kinds and firewalls are not seen.

## Why it matters
Istio's objects lead calls to the gateway; they stop nobody. A process that goes around its sidecar leaves from its own
node, and so does everything in a pod that has none. Only the network can refuse that: a NetworkPolicy, where the plugin
enforces it, or a firewall.

## How to fix
Allow outgoing traffic to the pods of the cluster and nothing else, in every namespace that calls hosts. The gateway's own
namespace is the one that may leave.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> Outcome {
    if view.calls().is_empty() {
        return Outcome::NotApplicable;
    }
    findings(view).map_or_else(|outcome| outcome, Outcome::of)
}

fn findings(view: &View<'_>) -> Known<Vec<Finding>> {
    let policies = view.network_policies()?;
    let ztunnel_is_told_elsewhere = view.mesh().outbound == Some(OutboundMode::RegistryOnly);
    let concerns = |carrier: Carrier| match carrier {
        Carrier::Sidecar | Carrier::Nobody => true,
        Carrier::Ztunnel => !ztunnel_is_told_elsewhere,
        Carrier::Itself | Carrier::HostNetwork => false,
    };
    let mut findings = Vec::new();
    for (namespace, calls) in view.calls() {
        let pods = view.carried(namespace)?.into_iter().filter(|(_, carrier)| concerns(*carrier));
        let workloads: BTreeMap<_, _> = by_workload(pods.map(|(pod, _)| pod));
        findings.extend(leaks(policies, namespace, &workloads, &calls.ports).into_iter().map(|leak| Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: leak.message,
            object: leak.object,
            evidence: leak.evidence,
            consequence: format!(
                "what goes around its sidecar in {namespace} leaves directly, unless a firewall or a policy of the \
                 network plugin stops it"
            ),
            fix: leak.fix,
        }));
    }
    Ok(findings)
}

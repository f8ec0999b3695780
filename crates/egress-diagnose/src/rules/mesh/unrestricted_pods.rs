//! Which pods of a namespace have direct egress blocked by NetworkPolicies.
//!
//! Groups the results of single pods into a few findings: one for a namespace without policies, one for each policy
//! that allows egress. The checks say what that means for traffic.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::related_resources::Named;
use egress_core::snapshot::PodFacts;
use k8s_openapi::api::networking::v1::NetworkPolicySpec;

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::kubernetes::network_policy::{AllowingRule, EgressVerdict, egress_verdict};
use crate::kubernetes::workload::PodOwner;
use crate::wording::list;

/// Why some pods of a namespace have direct egress.
pub(crate) struct UnrestrictedPods {
    /// What is wrong, without the namespace: `no NetworkPolicy keeps the pods of shop from leaving`.
    pub(crate) message: String,
    /// The namespace, or the rule of a policy.
    pub(crate) object: Place,
    /// Which workloads.
    pub(crate) evidence: Vec<String>,
    /// What blocks it.
    pub(crate) fix: Fix,
}

/// Why pods may leave to one of these ports; nothing where policies stop them all. Pods of one workload have the same
/// labels as far as policies look at them.
pub(crate) fn unrestricted_pods(
    policies: &[Named<NetworkPolicySpec>],
    namespace: &str,
    workloads: &BTreeMap<PodOwner, Vec<&PodFacts>>,
    ports: &BTreeSet<u16>,
) -> Vec<UnrestrictedPods> {
    let mut free: Vec<String> = Vec::new();
    let mut open: BTreeMap<&str, (Vec<String>, Vec<AllowingRule<'_>>)> = BTreeMap::new();
    for (workload, pods) in workloads {
        match pods.first().map(|pod| egress_verdict(policies, pod, ports)) {
            None | Some(EgressVerdict::Blocked) => {}
            Some(EgressVerdict::Unrestricted) => free.push(workload.to_string()),
            Some(EgressVerdict::AllowedBy(allowing_rules)) => {
                for allowing in allowing_rules {
                    let known = open.entry(&allowing.policy.name).or_default();
                    if !known.0.contains(&workload.to_string()) {
                        known.0.push(workload.to_string());
                    }
                    if !known.1.iter().any(|other| other.field() == allowing.field()) {
                        known.1.push(allowing);
                    }
                }
            }
        }
    }
    let mut found = Vec::new();
    if !free.is_empty() {
        let which = if free.len() == workloads.len() { "the pods" } else { "some pods" };
        found.push(UnrestrictedPods {
            message: format!("no NetworkPolicy blocks direct egress from {which} of {namespace}"),
            object: Place::new("Namespace", None, namespace),
            evidence: vec![format!("not blocked: {}", list(&free))],
            fix: fixes::keep_inside(namespace),
        });
    }
    found.extend(open.into_values().filter_map(|(workloads, allowing_rules)| {
        let first = allowing_rules.first()?;
        let range = first.peer.map_or("every destination", |(_, range)| range);
        Some(UnrestrictedPods {
            message: format!(
                "NetworkPolicy {} allows direct egress from pods of {namespace}",
                first.policy.name
            ),
            object: Place::new("NetworkPolicy", Some(namespace), &first.policy.name)
                .field(first.field(), range),
            evidence: vec![format!("allowed: {}", list(&workloads))],
            fix: fixes::narrow(first.policy, &allowing_rules),
        })
    }));
    found
}

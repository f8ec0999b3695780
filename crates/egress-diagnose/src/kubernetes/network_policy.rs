//! Whether NetworkPolicies allow a pod to reach addresses outside the cluster.
//!
//! Knows `networking.k8s.io` only. Policies of a CNI plugin's own kinds, firewalls, and whether the plugin enforces
//! anything are not known here.

use std::collections::BTreeSet;

use egress_core::label_selector::selects;
use egress_core::related_resources::Named;
use egress_core::snapshot::PodFacts;
use k8s_openapi::api::networking::v1::{
    NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kubernetes::ip_range::Range;

/// The result of all policies for one pod's calls to the internet.
#[derive(Clone, Debug)]
pub(crate) enum EgressVerdict<'a> {
    /// No policy selects its egress traffic.
    Unrestricted,
    /// Policies select it, but these rules allow it.
    AllowedBy(Vec<AllowingRule<'a>>),
    /// Policies block it.
    Blocked,
}

/// A rule that allows egress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllowingRule<'a> {
    /// The policy.
    pub(crate) policy: &'a Named<NetworkPolicySpec>,
    /// Its index in `spec.egress`.
    pub(crate) rule: usize,
    /// The index in its `to`, and the range there; none if the rule allows every destination.
    pub(crate) peer: Option<(usize, &'a str)>,
}

impl AllowingRule<'_> {
    /// Its field: `spec.egress[0].to[1].ipBlock.cidr`.
    pub(crate) fn field(&self) -> String {
        match self.peer {
            Some((peer, _)) => format!("spec.egress[{}].to[{peer}].ipBlock.cidr", self.rule),
            None => format!("spec.egress[{}].to", self.rule),
        }
    }
}

/// Whether policies allow a pod's calls to one of these TCP ports. What one policy allows is allowed.
/// <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
pub(crate) fn egress_verdict<'a>(
    policies: &'a [Named<NetworkPolicySpec>],
    pod: &PodFacts,
    ports: &BTreeSet<u16>,
) -> EgressVerdict<'a> {
    let concerns = |policy: &&Named<NetworkPolicySpec>| {
        let selector = policy.spec.pod_selector.as_ref();
        policy.namespace == pod.namespace
            && is_for_egress(&policy.spec)
            && selector.is_none_or(|selector| selects(selector, &pod.labels))
    };
    let concerned: Vec<&Named<NetworkPolicySpec>> = policies.iter().filter(concerns).collect();
    if concerned.is_empty() {
        return EgressVerdict::Unrestricted;
    }
    let open: Vec<AllowingRule<'a>> =
        concerned.iter().flat_map(|policy| allowing_rules(policy, ports)).collect();
    if open.is_empty() {
        return EgressVerdict::Blocked;
    }
    EgressVerdict::AllowedBy(open)
}

/// Without `policyTypes`, a policy applies to outgoing traffic if it has egress rules.
pub(super) fn is_for_egress(spec: &NetworkPolicySpec) -> bool {
    match spec.policy_types.as_deref().unwrap_or_default() {
        [] => spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
        types => types.iter().any(|kind| kind == "Egress"),
    }
}

/// Without `policyTypes`, a policy applies to incoming traffic.
pub(super) fn is_for_ingress(spec: &NetworkPolicySpec) -> bool {
    let types = spec.policy_types.as_deref().unwrap_or_default();
    types.is_empty() || types.iter().any(|kind| kind == "Ingress")
}

fn allowing_rules<'a>(policy: &'a Named<NetworkPolicySpec>, ports: &BTreeSet<u16>) -> Vec<AllowingRule<'a>> {
    let mut found = Vec::new();
    let rules = policy.spec.egress.iter().flatten().enumerate();
    for (rule, NetworkPolicyEgressRule { ports: allowed, to }) in rules {
        let allowed = allowed.as_deref().unwrap_or_default();
        if !allowed.is_empty() && !allowed.iter().any(|port| allows(port, ports)) {
            continue;
        }
        let peers = to.as_deref().unwrap_or_default();
        if peers.is_empty() {
            found.push(AllowingRule { policy, rule, peer: None });
        }
        let outside = peers.iter().enumerate().filter_map(|(number, peer)| Some((number, outside(peer)?)));
        found.extend(outside.map(|peer| AllowingRule { policy, rule, peer: Some(peer) }));
    }
    found
}

/// The range of a peer, if it allows the internet. Pods and namespaces are never outside.
fn outside(peer: &NetworkPolicyPeer) -> Option<&str> {
    let block = peer.ip_block.as_ref()?;
    let except = block.except.as_deref().unwrap_or_default();
    Range { block: &block.cidr, except }.opens_the_internet().then_some(block.cidr.as_str())
}

/// Whether a rule's port is one of these. A named port belongs to a pod, never to an external host.
fn allows(port: &NetworkPolicyPort, ports: &BTreeSet<u16>) -> bool {
    if port.protocol.as_deref().is_some_and(|protocol| protocol != "TCP") {
        return false;
    }
    match &port.port {
        None => true,
        Some(IntOrString::String(_)) => false,
        Some(IntOrString::Int(first)) => {
            let all = *first..=port.end_port.unwrap_or(*first);
            ports.iter().any(|port| all.contains(&i32::from(*port)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Whether a pod may leave to port 443 under one policy with this spec.
    fn leaves(spec: &Value) -> bool {
        let spec = serde_json::from_value(spec.clone()).unwrap();
        let policies =
            [Named { namespace: "shop".to_owned(), name: "p".to_owned(), spec, ..Named::default() }];
        let labels = [("app".to_owned(), "web".to_owned())].into();
        let pod = PodFacts { namespace: "shop".to_owned(), labels, ..PodFacts::default() };
        !matches!(egress_verdict(&policies, &pod, &[443].into()), EgressVerdict::Blocked)
    }

    #[test]
    fn a_policy_for_other_pods_or_for_incoming_traffic_holds_nothing() {
        assert!(leaves(
            &json!({ "podSelector": { "matchLabels": { "app": "api" } }, "policyTypes": ["Egress"] })
        ));
        assert!(leaves(&json!({ "podSelector": {} })), "without a word it is for incoming traffic");
        assert!(leaves(&json!({ "podSelector": {}, "policyTypes": ["Ingress"], "egress": [] })));
    }

    #[test]
    fn a_policy_without_rules_stops_everything() {
        assert!(!leaves(&json!({ "podSelector": {}, "policyTypes": ["Egress"] })));
    }

    #[test]
    fn rules_for_pods_let_nobody_out() {
        let to = json!([{ "namespaceSelector": {} }, { "podSelector": {} }, { "ipBlock": { "cidr": "10.0.0.0/8" } }]);
        assert!(!leaves(&json!({ "podSelector": {}, "egress": [{ "to": to }] })));
    }

    #[test]
    fn a_rule_for_every_destination_or_for_the_internet_lets_out() {
        assert!(leaves(&json!({ "podSelector": {}, "egress": [{}] })));
        let block = json!({ "cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "169.254.169.254/32"] });
        assert!(leaves(&json!({ "podSelector": {}, "egress": [{ "to": [{ "ipBlock": block }] }] })));
    }

    #[test]
    fn only_the_ports_that_are_called_count() {
        let rule = |port: Value| json!({ "podSelector": {}, "egress": [{ "ports": [port] }] });
        assert!(!leaves(&rule(json!({ "port": 53, "protocol": "UDP" }))));
        assert!(!leaves(&rule(json!({ "port": 53 }))));
        assert!(!leaves(&rule(json!({ "port": "https" }))), "a name is a port of a pod");
        assert!(leaves(&rule(json!({ "port": 443 }))));
        assert!(leaves(&rule(json!({ "port": 400, "endPort": 500 }))));
        assert!(leaves(&rule(json!({ "protocol": "TCP" }))));
    }
}

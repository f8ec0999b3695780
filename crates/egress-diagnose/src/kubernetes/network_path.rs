//! Whether NetworkPolicies let one pod reach another, or an external host, on a port.
//!
//! Knows `networking.k8s.io` only, as [`network_policy`](super::network_policy) does. What nobody gave counts as a match: the
//! labels of a namespace, the addresses of a pod or a host, the name of a container's port. So a connection that is told
//! to be blocked is blocked whatever they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use egress_core::label_selector::selects;
use egress_core::related_resources::Named;
use egress_core::snapshot::{NamespaceFacts, PodFacts};
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kubernetes::ip_range::Range;
use crate::kubernetes::network_policy::{is_for_egress, is_for_ingress};

/// The label that every namespace has: its name.
const NAME: &str = "kubernetes.io/metadata.name";

/// The NetworkPolicies of a cluster, and its namespaces.
#[derive(Debug)]
pub(crate) struct Network<'a> {
    policies: &'a [Named<NetworkPolicySpec>],
    namespaces: BTreeMap<&'a str, &'a BTreeMap<String, String>>,
}

/// A pod as policies see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PodEnd<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) addresses: &'a [String],
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer<'a> {
    /// A pod.
    Pod(PodEnd<'a>),
    /// An external host, by its addresses as far as they are known.
    Outside {
        /// They are known if there are any.
        addresses: &'a [String],
        /// Whether the host may have an address of a private network.
        may_be_private: bool,
    },
}

/// A port and its protocol: `TCP` or `UDP`.
pub(crate) type PortOf = (u16, &'static str);

/// Policies that block a connection.
#[derive(Clone, Debug)]
pub(crate) struct Blocked<'a> {
    /// Whether they select the pod that connects, or the pod that is connected to.
    pub(crate) side: RuleSide,
    /// They select the pod. None of their rules allows the connection.
    pub(crate) policies: Vec<&'a Named<NetworkPolicySpec>>,
    /// A rule that would allow it, but for its ports.
    pub(crate) other_ports: Option<NearRule<'a>>,
    /// A rule that would allow it, but for its peers.
    pub(crate) other_peers: Option<NearRule<'a>>,
}

/// A rule of a policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NearRule<'a> {
    /// The policy.
    pub(crate) policy: &'a Named<NetworkPolicySpec>,
    /// The index of the rule.
    pub(crate) rule: usize,
    /// Its ports.
    pub(crate) ports: &'a [NetworkPolicyPort],
    /// Its peers.
    pub(crate) peers: &'a [NetworkPolicyPeer],
}

/// Which rules of a policy are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleSide {
    /// Those for what a pod sends.
    Egress,
    /// Those for what it is sent.
    Ingress,
}

impl<'a> Network<'a> {
    pub(crate) fn new(policies: &'a [Named<NetworkPolicySpec>], namespaces: &'a [NamespaceFacts]) -> Self {
        let namespaces = namespaces.iter().map(|facts| (facts.name.as_str(), &facts.labels)).collect();
        Network { policies, namespaces }
    }

    /// Whether there is any policy.
    pub(crate) fn is_open(&self) -> bool {
        self.policies.is_empty()
    }

    /// Why a pod cannot connect to another on any of these ports; none if it can.
    pub(crate) fn between(&self, from: PodEnd<'_>, to: PodEnd<'_>, ports: &[PortOf]) -> Option<Blocked<'a>> {
        let egress = self.blocked(RuleSide::Egress, from, Peer::Pod(to), ports);
        egress.or_else(|| self.blocked(RuleSide::Ingress, to, Peer::Pod(from), ports))
    }

    /// Why the policies that select a pod stop its connections with a peer on all of these ports; none if they let one
    /// through. What one policy allows is allowed, and a pod that no policy selects is free.
    pub(crate) fn blocked(
        &self,
        side: RuleSide,
        pod: PodEnd<'_>,
        peer: Peer<'_>,
        ports: &[PortOf],
    ) -> Option<Blocked<'a>> {
        let selected = |policy: &&'a Named<NetworkPolicySpec>| {
            policy.namespace == pod.namespace
                && side.concerns(&policy.spec)
                && policy.spec.pod_selector.as_ref().is_none_or(|selector| selects(selector, pod.labels))
        };
        let policies: Vec<&'a Named<NetworkPolicySpec>> = self.policies.iter().filter(selected).collect();
        if policies.is_empty() {
            return None;
        }
        let (mut other_ports, mut other_peers) = (None, None);
        for rule in policies.iter().flat_map(|policy| side.rules(policy)) {
            let fits_port = rule.ports.is_empty()
                || ports.iter().any(|port| rule.ports.iter().any(|allowed| allows(allowed, *port, peer)));
            let is_peer = |allowed: &NetworkPolicyPeer| self.meets(allowed, &rule.policy.namespace, peer);
            let fits_peer = rule.peers.is_empty() || rule.peers.iter().any(is_peer);
            match (fits_port, fits_peer) {
                (true, true) => return None,
                (false, true) => other_ports = other_ports.or(Some(rule)),
                (true, false) => other_peers = other_peers.or(Some(rule)),
                (false, false) => {}
            }
        }
        Some(Blocked { side, policies, other_ports, other_peers })
    }

    fn meets(&self, allowed: &NetworkPolicyPeer, home: &str, peer: Peer<'_>) -> bool {
        if let Some(block) = &allowed.ip_block {
            let range = Range { block: &block.cidr, except: block.except.as_deref().unwrap_or_default() };
            return match peer {
                Peer::Outside { addresses: [], may_be_private } => {
                    if may_be_private {
                        range.holds_any()
                    } else {
                        range.reaches_outside()
                    }
                }
                Peer::Outside { addresses, .. } | Peer::Pod(PodEnd { addresses, .. }) => {
                    addresses.is_empty() || addresses.iter().any(|address| range.holds(address))
                }
            };
        }
        let Peer::Pod(pod) = peer else { return false };
        let of_namespace = match &allowed.namespace_selector {
            None => pod.namespace == home,
            Some(selector) => {
                if let Some(labels) = self.namespaces.get(pod.namespace) {
                    selects(selector, &with_name(labels, pod.namespace))
                } else {
                    let named = selector.match_labels.as_ref().and_then(|labels| labels.get(NAME));
                    named.is_none_or(|name| name == pod.namespace)
                }
            }
        };
        of_namespace && allowed.pod_selector.as_ref().is_none_or(|selector| selects(selector, pod.labels))
    }
}

impl<'a> PodEnd<'a> {
    /// A pod; none for one on the network of its node, where no policy applies.
    pub(crate) fn of(pod: &'a PodFacts) -> Option<Self> {
        let PodFacts { namespace, labels, addresses, .. } = pod;
        (!pod.host_network).then_some(PodEnd { namespace, labels, addresses })
    }
}

impl RuleSide {
    fn concerns(self, spec: &NetworkPolicySpec) -> bool {
        match self {
            RuleSide::Egress => is_for_egress(spec),
            RuleSide::Ingress => is_for_ingress(spec),
        }
    }

    fn rules<'a>(self, policy: &'a Named<NetworkPolicySpec>) -> Vec<NearRule<'a>> {
        let rule = |rule, ports: &'a Option<Vec<_>>, peers: &'a Option<Vec<_>>| NearRule {
            policy,
            rule,
            ports: ports.as_deref().unwrap_or_default(),
            peers: peers.as_deref().unwrap_or_default(),
        };
        match self {
            RuleSide::Egress => {
                let rules = policy.spec.egress.iter().flatten().enumerate();
                rules.map(|(place, found)| rule(place, &found.ports, &found.to)).collect()
            }
            RuleSide::Ingress => {
                let rules = policy.spec.ingress.iter().flatten().enumerate();
                rules.map(|(place, found)| rule(place, &found.ports, &found.from)).collect()
            }
        }
    }

    /// The field of the rules: `egress`.
    pub(crate) fn field(self) -> &'static str {
        match self {
            RuleSide::Egress => "egress",
            RuleSide::Ingress => "ingress",
        }
    }

    /// The field of a rule's peers.
    pub(crate) fn peers(self) -> &'static str {
        match self {
            RuleSide::Egress => "to",
            RuleSide::Ingress => "from",
        }
    }
}

impl NearRule<'_> {
    /// Its ports in words: `80 and 443`; a range as `8000-8999`.
    pub(crate) fn ports_wording(&self) -> String {
        let port = |allowed: &NetworkPolicyPort| {
            let protocol = match allowed.protocol.as_deref() {
                None | Some("TCP") => String::new(),
                Some(other) => format!("/{other}"),
            };
            let number = match (&allowed.port, allowed.end_port) {
                (None, _) => "every".to_owned(),
                (Some(IntOrString::Int(first)), Some(last)) => format!("{first}-{last}"),
                (Some(IntOrString::Int(number)), None) => number.to_string(),
                (Some(IntOrString::String(name)), _) => name.clone(),
            };
            format!("{number}{protocol}")
        };
        let ports: Vec<String> = self.ports.iter().map(port).collect();
        if ports.is_empty() { "every port".to_owned() } else { crate::wording::list(&ports) }
    }

    /// Whether it names some pods or namespaces, and not every one.
    pub(crate) fn names_pods(&self) -> bool {
        let chooses = |selector: &LabelSelector| {
            selector.match_labels.as_ref().is_some_and(|labels| !labels.is_empty())
                || selector.match_expressions.as_ref().is_some_and(|all| !all.is_empty())
        };
        self.peers.iter().any(|peer| {
            let selectors = [&peer.namespace_selector, &peer.pod_selector];
            selectors.into_iter().flatten().any(chooses)
        })
    }

    /// Whether it is a rule for names alone: DNS, which says nothing of other traffic.
    pub(crate) fn is_for_dns(&self) -> bool {
        let is_dns = |allowed: &NetworkPolicyPort| {
            matches!(allowed.port, Some(IntOrString::Int(53 | 5353))) && allowed.end_port.is_none()
        };
        !self.ports.is_empty() && self.ports.iter().all(is_dns)
    }
}

/// Whether a rule's port is this one. The name of a port belongs to a pod whose containers nobody gave; no external host
/// has names for ports.
fn allows(allowed: &NetworkPolicyPort, (port, protocol): PortOf, peer: Peer<'_>) -> bool {
    if allowed.protocol.as_deref().unwrap_or("TCP") != protocol {
        return false;
    }
    match &allowed.port {
        None => true,
        Some(IntOrString::String(_)) => matches!(peer, Peer::Pod(_)),
        Some(IntOrString::Int(first)) => {
            (*first..=allowed.end_port.unwrap_or(*first)).contains(&i32::from(port))
        }
    }
}

/// The labels of a namespace with the one that the API server adds.
fn with_name<'a>(labels: &'a BTreeMap<String, String>, name: &str) -> Cow<'a, BTreeMap<String, String>> {
    if labels.contains_key(NAME) {
        return Cow::Borrowed(labels);
    }
    let mut labels = labels.clone();
    labels.insert(NAME.to_owned(), name.to_owned());
    Cow::Owned(labels)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const WEB: [PortOf; 1] = [(443, "TCP")];

    fn policies(all: &[(&str, Value)]) -> Vec<Named<NetworkPolicySpec>> {
        let policy = |(place, (namespace, spec)): (usize, &(&str, Value))| Named {
            namespace: (*namespace).to_owned(),
            name: format!("p{place}"),
            spec: serde_json::from_value(spec.clone()).unwrap(),
            ..Named::default()
        };
        all.iter().enumerate().map(policy).collect()
    }

    fn labels(app: &str) -> BTreeMap<String, String> {
        [("app".to_owned(), app.to_owned())].into()
    }

    fn reaches(all: &[(&str, Value)], port: u16) -> bool {
        let (policies, web, gateway) = (policies(all), labels("web"), labels("gateway"));
        let from = PodEnd { namespace: "shop", labels: &web, addresses: &[] };
        let to = PodEnd { namespace: "edge", labels: &gateway, addresses: &[] };
        Network::new(&policies, &[]).between(from, to, &[(port, "TCP")]).is_none()
    }

    fn leaves(spec: Value, addresses: &[&str], may_be_private: bool) -> bool {
        let (policies, web) = (policies(&[("shop", spec)]), labels("web"));
        let pod = PodEnd { namespace: "shop", labels: &web, addresses: &[] };
        let addresses: Vec<String> = addresses.iter().map(|text| (*text).to_owned()).collect();
        let peer = Peer::Outside { addresses: &addresses, may_be_private };
        Network::new(&policies, &[]).blocked(RuleSide::Egress, pod, peer, &WEB).is_none()
    }

    #[test]
    fn one_policy_that_allows_is_enough() {
        let deny = ("shop", json!({ "podSelector": {}, "policyTypes": ["Egress"] }));
        let allow = ("shop", json!({ "podSelector": {}, "egress": [{ "ports": [{ "port": 8443 }] }] }));
        assert!(!reaches(std::slice::from_ref(&deny), 8443));
        assert!(reaches(&[deny.clone(), allow.clone()], 8443));
        assert!(!reaches(&[deny, allow], 8080));
    }

    #[test]
    fn policies_of_other_pods_and_namespaces_stop_nothing() {
        let other = json!({ "podSelector": { "matchLabels": { "app": "api" } }, "policyTypes": ["Egress"] });
        assert!(reaches(&[("shop", other)], 8443));
        assert!(reaches(
            &[("other", json!({ "podSelector": {}, "policyTypes": ["Egress", "Ingress"] }))],
            8443
        ));
    }

    #[test]
    fn without_types_a_policy_is_for_ingress_and_for_egress_if_it_has_rules() {
        assert!(reaches(&[("shop", json!({ "podSelector": {} }))], 8443));
        assert!(!reaches(&[("edge", json!({ "podSelector": {} }))], 8443));
        assert!(!reaches(
            &[("shop", json!({ "podSelector": {}, "egress": [{ "ports": [{ "port": 53 }] }] }))],
            8443
        ));
    }

    #[test]
    fn peers_are_namespaces_and_pods_together() {
        let to = |peer: Value| [("shop", json!({ "podSelector": {}, "egress": [{ "to": [peer] }] }))];
        let edge = json!({ "matchLabels": { "kubernetes.io/metadata.name": "edge" } });
        assert!(reaches(&to(json!({ "namespaceSelector": edge })), 8443));
        assert!(reaches(&to(json!({ "namespaceSelector": {} })), 8443));
        assert!(!reaches(&to(json!({ "podSelector": {} })), 8443), "only pods of the policy's own namespace");
        let other = json!({ "namespaceSelector": edge, "podSelector": { "matchLabels": { "app": "x" } } });
        assert!(!reaches(&to(other), 8443));
    }

    #[test]
    fn an_external_host_is_no_pod_and_needs_a_range() {
        let to = |peer: Value| json!({ "podSelector": {}, "egress": [{ "to": [peer] }] });
        assert!(!leaves(to(json!({ "namespaceSelector": {} })), &[], true));
        let inside = json!({ "ipBlock": { "cidr": "10.0.0.0/8" } });
        assert!(leaves(to(inside.clone()), &[], true) && !leaves(to(inside), &[], false));
        let all = json!({ "ipBlock": { "cidr": "0.0.0.0/0", "except": ["203.0.113.0/24"] } });
        assert!(leaves(to(all.clone()), &["198.51.100.1"], false));
        assert!(!leaves(to(all), &["203.0.113.7"], false));
        assert!(!leaves(
            to(json!({ "ipBlock": { "cidr": "0.0.0.0/0", "except": ["0.0.0.0/0"] } })),
            &[],
            true
        ));
    }

    #[test]
    fn ports_are_ranges_and_names_of_pods_are_unknown() {
        let ports = |port: Value| [("shop", json!({ "podSelector": {}, "egress": [{ "ports": [port] }] }))];
        assert!(reaches(&ports(json!({ "port": 8000, "endPort": 8999 })), 8443));
        assert!(!reaches(&ports(json!({ "port": 8000, "endPort": 8100 })), 8443));
        assert!(!reaches(&ports(json!({ "port": 8443, "protocol": "UDP" })), 8443));
        assert!(reaches(&ports(json!({ "port": "https" })), 8443), "the containers' names are not known");
    }
}

//! A connection that NetworkPolicies block, in words: where, why, and which change lets it through.
//!
//! Makes no findings. Whether the network plugin enforces policies is not known here.

use egress_core::related_resources::Named;
use egress_istio::service_entry::{ServiceEntryPorts, ServiceEntrySpec};
use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use serde_json::{Value, json};

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::kubernetes::network_path::{Blocked, Network, Peer, PodEnd, PortOf, RuleSide};
use crate::wording::list;

/// Where a connection is blocked, and the change that lets it through.
pub(super) struct BlockedAt {
    pub(super) object: Place,
    pub(super) evidence: Vec<String>,
    pub(super) fix: Fix,
}

/// The most policies to name.
const NAMED: usize = 3;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Calls to a host.
    Calls,
    /// istiod or DNS.
    Services,
}

/// Describes a block; `peer` is the other end as a rule names it.
pub(super) fn describe(
    blocked: &Blocked<'_>,
    about: About,
    (peer, ports): (&Value, &[PortOf]),
    why: &str,
) -> BlockedAt {
    let side = blocked.side;
    let field = side.field();
    let names: Vec<String> =
        blocked.policies.iter().take(NAMED).map(|policy| format!("networkpolicy/{}", policy.name)).collect();
    let mut evidence = vec![format!("{field} of these pods is decided by {}", list(&names))];
    let wanted: Vec<Value> =
        ports.iter().map(|(port, protocol)| json!({ "protocol": protocol, "port": port })).collect();
    let wants_dns = ports.iter().all(|(port, _)| [53, 5353].contains(port));
    // A rule for names says nothing of calls, and one for every pod or for ranges is not about these pods.
    let near = blocked.other_ports.filter(|rule| {
        (wants_dns || !rule.is_for_dns())
            && if peer.get("ipBlock").is_some() { !rule.peers.is_empty() } else { rule.names_pods() }
    });
    if let Some(rule) = near {
        let place = format!("spec.{field}[{}].ports", rule.rule);
        evidence.push(format!("{}: {place} is {}", rule.policy.name, rule.ports_wording()));
        let path = format!("/spec/{field}/{}/ports/-", rule.rule);
        let operations: Vec<Value> =
            wanted.iter().map(|port| json!({ "op": "add", "path": path, "value": port })).collect();
        return BlockedAt {
            object: of(rule.policy).field(place, rule.ports_wording()),
            evidence,
            fix: patched(rule.policy, &Value::from(operations), why),
        };
    }
    // A rule without ports, for other pods, says nothing of istiod and DNS.
    let other_peers = blocked.other_peers.filter(|rule| about == About::Calls || !rule.ports.is_empty());
    if let Some(rule) = other_peers {
        let peers = serde_json::to_string(rule.peers).unwrap_or_default();
        evidence.push(format!(
            "{}: spec.{field}[{}].{} is {peers}",
            rule.policy.name,
            rule.rule,
            side.peers()
        ));
    }
    let Some(policy) = other_peers.map(|rule| rule.policy).or(blocked.policies.first().copied()) else {
        return BlockedAt { object: Place::new("NetworkPolicy", None, ""), evidence, fix: nothing(why) };
    };
    let rule = json!({ side.peers(): [peer], "ports": wanted });
    let rules = match side {
        RuleSide::Egress => policy.spec.egress.as_ref().map(Vec::len),
        RuleSide::Ingress => policy.spec.ingress.as_ref().map(Vec::len),
    };
    let operation = match rules {
        Some(_) => json!([{ "op": "add", "path": format!("/spec/{field}/-"), "value": rule }]),
        None => json!([{ "op": "add", "path": format!("/spec/{field}"), "value": [rule] }]),
    };
    let object = match other_peers {
        Some(rule) => {
            let place = format!("spec.{field}[{}].{}", rule.rule, side.peers());
            of(policy).field(place, serde_json::to_string(rule.peers).unwrap_or_default())
        }
        None => Place { field: Some(format!("spec.{field}")), ..of(policy) },
    };
    BlockedAt { object, evidence, fix: patched(policy, &operation, why) }
}

/// Why a proxy may not leave to a port of a host, and whether only because its rules name private networks, where the host
/// could be.
pub(super) fn leaving<'a>(
    network: &Network<'a>,
    pod: PodEnd<'_>,
    spec: &ServiceEntrySpec,
    port: &ServiceEntryPorts,
) -> Option<(Blocked<'a>, bool, u16)> {
    let number = u16::try_from(port.target_port.unwrap_or(port.number)).ok()?;
    let endpoints = spec.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.clone());
    let endpoints: Vec<String> = endpoints.collect();
    // An endpoint is called by its own name or address, and an entry without endpoints by what its name resolves to.
    let addresses: Vec<String> =
        if endpoints.iter().all(|address| address.parse::<std::net::IpAddr>().is_ok()) {
            endpoints
        } else {
            Vec::new()
        };
    let ports = [(number, "TCP")];
    let blocked = |may_be_private| {
        let peer = Peer::Outside { addresses: &addresses, may_be_private };
        network.blocked(RuleSide::Egress, pod, peer, &ports)
    };
    let found = blocked(false)?;
    Some((found, blocked(true).is_none(), number))
}

/// An external host as a rule names it.
pub(super) fn outside() -> Value {
    json!({ "ipBlock": { "cidr": "0.0.0.0/0" } })
}

/// Pods with a label, in a namespace.
pub(super) fn pods<'a>(namespace: &str, labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let labels: serde_json::Map<String, Value> =
        labels.into_iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let mut peer =
        json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } });
    if !labels.is_empty() {
        peer["podSelector"] = json!({ "matchLabels": labels });
    }
    peer
}

fn of(policy: &Named<NetworkPolicySpec>) -> Place {
    Place::new("NetworkPolicy", Some(&policy.namespace), &policy.name)
}

fn patched(policy: &Named<NetworkPolicySpec>, operations: &Value, why: &str) -> Fix {
    fixes::patched(("networkpolicy", &policy.name, &policy.namespace), operations, why)
}

fn nothing(why: &str) -> Fix {
    let command = egress_core::command::ShellCommand::new(["kubectl", "get", "networkpolicies", "-A"]);
    fixes::fix(command, why)
}

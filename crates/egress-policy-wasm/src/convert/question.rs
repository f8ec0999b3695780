//! Requests and slots as the interfaces have them.

use std::collections::BTreeMap;

use egress_policy::answer::EvaluationError;
use egress_policy::request::{Destination, ExistingEgress, Node, Request, Slot};

use crate::bindings::exports::kubectl_egress::policy::naming;
use crate::bindings::kubectl_egress::policy::types;
use crate::limits::Limits;
use crate::words;

/// A request, if it is not too large for a policy.
pub(crate) fn request(request: &Request, limits: &Limits) -> Result<types::Request, EvaluationError> {
    bounded("nodes", request.nodes.len(), limits.nodes)?;
    bounded("destinations", request.destinations.len(), limits.destinations)?;
    bounded("existing egresses", request.existing.len(), limits.destinations)?;
    Ok(types::Request {
        verb: request.verb.clone(),
        destinations: request.destinations.iter().map(destination).collect(),
        namespace: request.namespace.clone(),
        export_to: request.export_to.clone(),
        layout: request.layout.clone(),
        justification: request.justification.clone(),
        cluster: request.cluster.clone(),
        settings: request.settings.clone(),
        explain: request.explain,
        namespace_labels: labels(&request.namespace_labels),
        nodes: request.nodes.iter().map(node).collect(),
        existing: request.existing.iter().map(existing).collect(),
        user: request.user.clone(),
        groups: request.groups.clone(),
        now: request.now,
        facts: request
            .facts
            .iter()
            .map(|(key, json)| types::Fact { key: key.clone(), json: json.clone() })
            .collect(),
    })
}

/// What is to be named.
pub(crate) fn slots(slots: &[Slot]) -> Vec<naming::Slot> {
    let slot = |slot: &Slot| naming::Slot {
        id: slot.id,
        kind: slot.kind.clone(),
        role: slot.role.clone(),
        host: slot.host.clone(),
        namespace: slot.namespace.clone(),
        default_name: slot.default_name.clone(),
        max_length: slot.max_length,
    };
    slots.iter().map(slot).collect()
}

fn bounded(what: &str, there: usize, limit: usize) -> Result<(), EvaluationError> {
    if there <= limit {
        return Ok(());
    }
    Err(EvaluationError::Limit(format!(
        "{} {what} in one request: there are {}",
        words::count(limit),
        words::count(there)
    )))
}

fn destination(destination: &Destination) -> types::Destination {
    types::Destination {
        host: destination.host.clone(),
        port: destination.port,
        protocol: destination.protocol.clone(),
        route: destination.route.clone(),
    }
}

fn node(node: &Node) -> types::Node {
    types::Node {
        name: node.name.clone(),
        ready: node.ready,
        schedulable: node.schedulable,
        labels: labels(&node.labels),
        taints: node.taints.clone(),
        addresses: node.addresses.clone(),
    }
}

fn existing(existing: &ExistingEgress) -> types::Egress {
    types::Egress {
        namespace: existing.namespace.clone(),
        host: existing.host.clone(),
        gateway: existing.gateway.clone(),
        managed: existing.managed,
    }
}

fn labels(labels: &BTreeMap<String, String>) -> Vec<types::Label> {
    labels.iter().map(|(key, value)| types::Label { key: key.clone(), value: value.clone() }).collect()
}

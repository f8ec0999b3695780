//! From what a command wants and what the cluster says to the request that policies are asked.
//!
//! Knows how an egress is told to a policy. Which of the facts a policy gets to see is decided in `request`.

use std::collections::BTreeMap;

use super::request::{Destination, Existing, Node, Request};
use crate::intent::{Hop, Intent};
use crate::inventory::Egress;
use crate::port::{Port, Protocol};
use crate::snapshot::NodeFacts;

/// What the cluster and the machine say, beside what is asked for.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The labels of the callers' namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The egresses that exist.
    pub existing: Vec<Existing>,
    /// The user the API server sees.
    pub user: Option<String>,
    /// The groups the API server sees.
    pub groups: Vec<String>,
    /// Seconds since 1970.
    pub now: Option<u64>,
    /// The cluster's name in the kubeconfig.
    pub cluster: String,
    /// Whether traces are wanted.
    pub explain: bool,
}

/// One question about several hosts of one namespace. The intents are of one command: they differ in host and ports.
pub fn request(verb: &str, intents: &[&Intent], facts: &Facts) -> Request {
    let first = intents.first();
    Request {
        verb: verb.to_owned(),
        destinations: intents.iter().flat_map(|intent| destinations(intent)).collect(),
        namespace: first.map(|intent| intent.namespace.clone()).unwrap_or_default(),
        export_to: first.map(|intent| intent.export_to.clone()).unwrap_or_default(),
        layout: first.map(|intent| intent.layout.to_string()).unwrap_or_default(),
        justification: first.and_then(|intent| intent.reason.clone()),
        cluster: facts.cluster.clone(),
        settings: String::new(),
        explain: facts.explain,
        namespace_labels: facts.namespace_labels.clone(),
        nodes: facts.nodes.clone(),
        existing: facts.existing.clone(),
        user: facts.user.clone(),
        groups: facts.groups.clone(),
        now: facts.now,
        facts: BTreeMap::new(),
    }
}

/// The question about what others made by hand: what it says of itself, as if it were added today.
pub fn foreign(egress: &Egress, facts: &Facts) -> Request {
    let destination = |text: &String| {
        let (number, protocol) = text.split_once('/')?;
        Some(Destination {
            host: egress.host.to_string(),
            port: number.parse().ok()?,
            protocol: protocol.to_owned(),
            // Nobody knows by which hop it travels: nothing is claimed for it.
            route: if protocol == "TLS" || protocol == "HTTPS" { "passthrough" } else { "plain" }.to_owned(),
        })
    };
    let mut asked = request("audit", &[], facts);
    asked.destinations = egress.ports().iter().filter_map(destination).collect();
    asked.namespace.clone_from(&egress.namespace);
    asked.export_to = vec![".".to_owned()];
    asked
}

/// A node as policies see it.
pub fn node(node: &NodeFacts) -> Node {
    Node {
        name: node.name.clone(),
        ready: node.ready,
        schedulable: node.schedulable,
        labels: node.labels.clone(),
        taints: node.taints.clone(),
        addresses: node.addresses.clone(),
    }
}

/// An egress that exists as policies see it.
pub fn existing(egress: &Egress) -> Existing {
    Existing {
        namespace: egress.namespace.clone(),
        host: egress.host.to_string(),
        gateway: egress.gateway.as_ref().map(ToString::to_string),
        managed: egress.layout.is_some(),
    }
}

fn destinations(intent: &Intent) -> Vec<Destination> {
    let destination = |port: &Port| Destination {
        host: intent.host.to_string(),
        port: port.number,
        protocol: port.protocol.to_string(),
        route: match (port.protocol, intent.hop) {
            (Protocol::Tls, _) => "passthrough",
            (Protocol::Http, Hop::Mtls) => "mtls",
            (Protocol::Http, Hop::Plain) => "plain",
        }
        .to_owned(),
    };
    intent.ports.iter().map(destination).collect()
}

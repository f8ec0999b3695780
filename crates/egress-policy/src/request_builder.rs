//! From what a command wants and what the cluster says to the request that policies are asked.
//!
//! Knows how an egress is told to a policy. Which of the facts a policy gets to see is decided in `request`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::request::{Destination, ExistingEgress, Node, Request};
use egress_core::host::DnsName;
use egress_core::intent::{GatewayName, GatewayTls, Intent, Layout};
use egress_core::inventory::Egress;
use egress_core::port::{Port, Protocol};
use egress_core::snapshot::NodeFacts;

/// What the cluster and the machine say, beside what is asked for.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The labels of each namespace, as far as a policy needs them.
    pub namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// The nodes.
    pub nodes: Arc<Vec<Node>>,
    /// The egresses that exist.
    pub existing: Arc<Vec<ExistingEgress>>,
    /// The user the API server sees.
    pub user: Option<String>,
    /// The groups the API server sees.
    pub groups: Vec<String>,
    /// Seconds since 1970.
    pub now: Option<u64>,
    /// The address of the API server.
    pub cluster: String,
    /// Whether traces are wanted.
    pub explain: bool,
}

/// What is asked for: some hosts of one namespace, all in one way.
#[derive(Clone, Debug)]
pub struct RequestedEgress<'a> {
    /// The hosts and their ports.
    pub hosts: Vec<(&'a DnsName, &'a BTreeSet<Port>)>,
    /// The namespace whose pods call out.
    pub namespace: &'a str,
    /// Who else may use it.
    pub export_to: &'a [String],
    /// Which objects.
    pub layout: Layout,
    /// How HTTP travels to the gateway.
    pub hop: GatewayTls,
    /// Why.
    pub reason: Option<&'a str>,
}

impl<'a> RequestedEgress<'a> {
    /// What one egress asks for.
    pub fn of(intent: &'a Intent) -> Self {
        RequestedEgress {
            hosts: vec![(&intent.host, &intent.ports)],
            namespace: &intent.namespace,
            export_to: &intent.export_to,
            layout: intent.layout,
            hop: intent.hop,
            reason: intent.reason.as_deref(),
        }
    }
}

/// The question about a requested.
pub fn request(verb: &str, requested: &RequestedEgress<'_>, facts: &Facts) -> Request {
    let destinations = |(host, ports): &(&DnsName, &BTreeSet<Port>)| destinations(host, ports, requested.hop);
    Request {
        destinations: requested.hosts.iter().flat_map(destinations).collect(),
        export_to: requested.export_to.to_vec(),
        layout: requested.layout.to_string(),
        justification: requested.reason.map(str::to_owned),
        ..blank(verb, requested.namespace, facts)
    }
}

/// What a request asks for, host by host, through a gateway: [`request`] read back. What `add` does not know as a host, a
/// port or a layout is left out.
pub fn intents(request: &Request, gateway: &GatewayName) -> Vec<Intent> {
    let Ok(layout) = request.layout.parse::<Layout>() else { return Vec::new() };
    let mut hosts: BTreeMap<DnsName, Intent> = BTreeMap::new();
    for destination in &request.destinations {
        let (Ok(host), Ok(protocol)) = (DnsName::parse(&destination.host), destination.protocol.parse())
        else {
            continue;
        };
        let intent = hosts.entry(host.clone()).or_insert_with(|| Intent {
            host,
            ports: BTreeSet::new(),
            namespace: request.namespace.clone(),
            gateway: gateway.clone(),
            layout,
            hop: GatewayTls::Mtls,
            export_to: request.export_to.clone(),
            reason: request.justification.clone(),
        });
        intent.ports.insert(Port { number: destination.port, protocol });
        if protocol == Protocol::Http && destination.route == route_word(protocol, GatewayTls::Plain) {
            intent.hop = GatewayTls::Plain;
        }
    }
    hosts.into_values().collect()
}

/// The question about what others made by hand: what it says of itself, as if it were added today.
pub fn foreign(egress: &Egress<'_>, facts: &Facts) -> Request {
    let destination = |text: &String| {
        let (number, protocol) = text.split_once('/')?;
        Some(Destination {
            host: egress.host.to_string(),
            port: number.parse().ok()?,
            protocol: protocol.to_owned(),
            route: route_of(protocol),
        })
    };
    Request {
        destinations: egress.ports().iter().filter_map(destination).collect(),
        export_to: vec![".".to_owned()],
        ..blank("audit", &egress.namespace, facts)
    }
}

/// The question about a host that an object opens, by port and protocol.
pub fn opening<'a>(
    namespace: &str,
    host: &str,
    ports: impl Iterator<Item = (u16, &'a str)>,
    facts: &Facts,
) -> Request {
    let destination = |(port, protocol): (u16, &str)| Destination {
        host: host.to_owned(),
        port,
        protocol: protocol.to_owned(),
        route: route_of(protocol),
    };
    Request {
        destinations: ports.map(destination).collect(),
        export_to: vec![".".to_owned()],
        ..blank("audit", namespace, facts)
    }
}

/// Nobody knows by which hop it travels: nothing is claimed for it.
fn route_of(protocol: &str) -> String {
    if protocol == "TLS" || protocol == "HTTPS" { "passthrough" } else { "plain" }.to_owned()
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
pub fn existing(egress: &Egress<'_>) -> ExistingEgress {
    ExistingEgress {
        namespace: egress.namespace.clone(),
        host: egress.host.to_string(),
        gateway: egress.gateway.as_ref().map(ToString::to_string),
        managed: egress.layout.is_some(),
    }
}

fn blank(verb: &str, namespace: &str, facts: &Facts) -> Request {
    Request {
        verb: verb.to_owned(),
        namespace: namespace.to_owned(),
        cluster: facts.cluster.clone(),
        explain: facts.explain,
        namespace_labels: facts.namespace_labels.get(namespace).cloned().unwrap_or_default(),
        nodes: facts.nodes.clone(),
        existing: facts.existing.clone(),
        user: facts.user.clone(),
        groups: facts.groups.clone(),
        now: facts.now,
        ..Request::default()
    }
}

fn destinations(host: &DnsName, ports: &BTreeSet<Port>, hop: GatewayTls) -> Vec<Destination> {
    let destination = |port: &Port| Destination {
        host: host.to_string(),
        port: port.number,
        protocol: port.protocol.to_string(),
        route: route_word(port.protocol, hop).to_owned(),
    };
    ports.iter().map(destination).collect()
}

fn route_word(protocol: Protocol, hop: GatewayTls) -> &'static str {
    match (protocol, hop) {
        (Protocol::Tls, _) => "passthrough",
        (Protocol::Http, GatewayTls::Mtls) => "mtls",
        (Protocol::Http, GatewayTls::Plain) => "plain",
    }
}

//! What a step must show in the proxies, read off the VirtualService that the step writes or deletes.
//!
//! Knows what must be seen on which side. Which rules are for the sidecars and which for the gateway is known in
//! `istio::routes`. Knows nothing of the order of steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::Subset;
use crate::dialect::{HTTP_HOP, TLS_HOP};
use crate::host::DnsName;
use crate::intent::Intent;
use crate::istio::routes::{Proxies, Route, routes};
use crate::port::{Port, Protocol};
use crate::proof::{Expectation, Owner, ProxyCondition, Side};
use crate::proxy::{cluster_name, port_and_host};
use crate::resource::Resource;
use crate::snapshot::MeshFacts;

/// The rules of this side are live, and what they lead to is what it should be. `tolerated` are clusters that may serve
/// the host as well: those of other namespaces, which share the gateway's routes for it, by the namespace whose they are.
pub(super) fn live(
    side: Side,
    intent: &Intent,
    resource: &Resource,
    tolerated: &BTreeMap<String, String>,
    where_listening: bool,
) -> Expectation {
    let routes = followed(side, resource);
    let own: BTreeSet<String> = routes.iter().map(|route| cluster(route)).collect();
    // What we write names its ports: a rule without one is in no proxy, and so never proven.
    let port_of =
        |route: &Route<'_>| Port { number: route.port.unwrap_or_default(), protocol: route.protocol };
    let ports: BTreeSet<Port> = routes.iter().map(port_of).collect();
    let leads = ports.into_iter().map(|port| {
        let taken = |route: &&Route<'_>| match side {
            Side::Gateway => route.protocol == port.protocol,
            Side::Clients => port_of(route) == port,
        };
        let clusters = routes.iter().filter(taken).map(|route| cluster(route));
        let clusters = clusters.chain(tolerated.keys().cloned()).collect();
        ProxyCondition::RoutesTo { port, clusters, where_listening }
    });
    let owned: Vec<ProxyCondition> = match side {
        Side::Gateway => {
            let own = own.iter().filter_map(|cluster| to_host(intent, cluster, &intent.namespace, true));
            let others = tolerated.iter();
            own.chain(others.filter_map(|(cluster, namespace)| to_host(intent, cluster, namespace, false)))
                .collect()
        }
        Side::Clients => own.iter().filter_map(|cluster| to_gateway(intent, cluster)).collect(),
    };
    let known = (side == Side::Clients && !where_listening).then(|| known(intent));
    let reaches = own.iter().map(|cluster| ProxyCondition::HasEndpoints { cluster: cluster.clone() });
    let conditions = leads.chain(owned).chain(known.into_iter().flatten()).chain(reaches).collect();
    Expectation { side, host: intent.host.clone(), conditions }
}

/// A cluster of the gateway is made of the entry of this namespace and sends to the host that was asked for.
fn to_host(intent: &Intent, cluster: &str, namespace: &str, required: bool) -> Option<ProxyCondition> {
    let (port, _) = port_and_host(cluster)?;
    owned(cluster, namespace, Some(format!("{}:{port}", intent.host)), required)
}

/// The subset of the gateway's Service exists in the sidecars; nothing where the layout has none for all egresses. The port
/// is one that the request needs: a Service for TLS alone has no other.
pub(super) fn subset_known(intent: &Intent, mesh: &MeshFacts) -> Option<Expectation> {
    let Subset::OfGateway(subset) = intent.layout.dialect().subset else { return None };
    let hop = if intent.ports_of(Protocol::Http).next().is_some() { HTTP_HOP } else { TLS_HOP };
    let cluster = cluster_name(hop, subset, &intent.gateway.service_host(&mesh.cluster_domain));
    let owned = to_gateway(intent, &cluster);
    let conditions = owned.into_iter().chain([ProxyCondition::HasEndpoints { cluster }]).collect();
    Some(Expectation { side: Side::Clients, host: intent.host.clone(), conditions })
}

/// The callers' clusters of the host send to the gateway's Service, and with `routed` the routes of the host lead to them.
pub(super) fn leads_to_gateway(intent: &Intent, mesh: &MeshFacts, routed: bool) -> Expectation {
    let service = intent.gateway.service_host(&mesh.cluster_domain);
    let conditions = intent.ports.iter().flat_map(|port| {
        let cluster = cluster_name(port.number, "", intent.host.as_str());
        let target = match port.protocol {
            Protocol::Http => HTTP_HOP,
            Protocol::Tls => TLS_HOP,
        };
        let leads = ProxyCondition::RoutesTo {
            port: *port,
            clusters: BTreeSet::from([cluster.clone()]),
            where_listening: false,
        };
        let owned = owned(&cluster, &intent.namespace, Some(format!("{service}:{target}")), true);
        let reaches = ProxyCondition::HasEndpoints { cluster };
        routed.then_some(leads).into_iter().chain(owned).chain([reaches])
    });
    Expectation { side: Side::Clients, host: intent.host.clone(), conditions: conditions.collect() }
}

/// The callers do not send to the clusters of the host any more.
pub(super) fn entry_gone(host: &DnsName, ports: &BTreeSet<Port>) -> Expectation {
    let protocols: BTreeSet<Protocol> = ports.iter().map(|port| port.protocol).collect();
    let conditions = protocols.into_iter().map(|protocol| {
        let of_protocol = ports.iter().filter(|port| port.protocol == protocol);
        let clusters = of_protocol.map(|port| cluster_name(port.number, "", host.as_str())).collect();
        ProxyCondition::RouteRemoved { protocol, clusters }
    });
    Expectation { side: Side::Clients, host: host.clone(), conditions: conditions.collect() }
}

/// A cluster of the callers is made of the gateway's own Service.
fn to_gateway(intent: &Intent, cluster: &str) -> Option<ProxyCondition> {
    owned(cluster, &intent.gateway.namespace, None, true)
}

/// The callers know the host by our entry, where they know it. Routes hide its clusters as long as there are routes.
fn known(intent: &Intent) -> impl Iterator<Item = ProxyCondition> + '_ {
    let clusters = intent.ports.iter().map(|port| cluster_name(port.number, "", intent.host.as_str()));
    clusters.filter_map(|cluster| owned(&cluster, &intent.namespace, None, false))
}

fn owned(cluster: &str, namespace: &str, target: Option<String>, required: bool) -> Option<ProxyCondition> {
    let (_, host) = port_and_host(cluster)?;
    Some(ProxyCondition::MadeOf(Owner {
        cluster: cluster.to_owned(),
        host: host.to_owned(),
        namespaces: BTreeSet::from([namespace.to_owned()]),
        target,
        required,
    }))
}

/// No route of the host follows the rules of this side any more. `usual` are the ports that a destination may mean which
/// names none.
pub(super) fn gone(
    side: Side,
    host: &DnsName,
    resources: &[&Resource],
    protocols: &[Protocol],
    usual: &BTreeSet<u16>,
) -> Expectation {
    let routes: Vec<Route<'_>> = resources.iter().flat_map(|resource| followed(side, resource)).collect();
    let conditions = protocols.iter().filter_map(|protocol| {
        let routes = routes.iter().filter(|route| route.protocol == *protocol);
        let clusters: BTreeSet<String> = routes.flat_map(|route| clusters(route, usual)).collect();
        (!clusters.is_empty()).then_some(ProxyCondition::RouteRemoved { protocol: *protocol, clusters })
    });
    Expectation { side, host: host.clone(), conditions: conditions.collect() }
}

/// The clusters of the gateway's rules: what another namespace's routes for the same host may lead to.
pub(super) fn gateway_clusters(resource: &Resource) -> BTreeSet<String> {
    followed(Side::Gateway, resource).iter().map(cluster).collect()
}

fn followed(side: Side, resource: &Resource) -> Vec<Route<'_>> {
    let proxies = match side {
        Side::Gateway => Proxies::Gateways,
        Side::Clients => Proxies::Sidecars,
    };
    routes(resource, proxies, None)
}

/// The cluster of a destination that names its port, as all that we write do.
fn cluster(route: &Route<'_>) -> String {
    route.cluster_at(route.destination_port.unwrap_or_default())
}

/// The clusters that a destination may mean. Without a port it is the Service's only one, else the port of the listener.
/// `GetDestinationCluster` in `pilot/pkg/networking/core/route/route.go`.
fn clusters(route: &Route<'_>, usual: &BTreeSet<u16>) -> BTreeSet<String> {
    match route.destination_port {
        Some(port) => BTreeSet::from([route.cluster_at(port)]),
        None => usual.iter().copied().chain(route.port).map(|port| route.cluster_at(port)).collect(),
    }
}

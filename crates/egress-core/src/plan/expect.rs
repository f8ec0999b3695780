//! What a step must show in the proxies, read off the VirtualService that the step writes or deletes.
//!
//! Knows which rules are for the sidecars and which for the gateway. Knows nothing of the order of steps.

use std::collections::{BTreeMap, BTreeSet};

use egress_istio::virtual_service::VirtualServiceSpec;

use crate::host::DnsName;
use crate::intent::Intent;
use crate::port::{Port, Protocol};
use crate::proof::{Demand, Expectation, Owner, Side};
use crate::proxy::{cluster_name, port_and_host};
use crate::resource::Resource;

/// One rule: traffic of a port leads to clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    side: Side,
    /// The port that is matched: the application's in a sidecar, the server's at a gateway.
    port: Port,
    clusters: BTreeSet<String>,
}

/// The rules of this side are live, and what they lead to is what it should be. `tolerated` are clusters that may serve
/// the host as well: those of other namespaces, which share the gateway's routes for it, by the namespace whose they are.
pub(super) fn live(
    side: Side,
    intent: &Intent,
    routes: &Resource,
    tolerated: &BTreeMap<String, String>,
    where_listening: bool,
) -> Expectation {
    let rules = rules(side, routes);
    let own: BTreeSet<String> = rules.iter().flat_map(|rule| rule.clusters.iter().cloned()).collect();
    let leads = rules.iter().map(|rule| {
        let shared =
            if side == Side::Gateway { own_of(&rules, rule.port.protocol) } else { rule.clusters.clone() };
        let clusters = shared.iter().chain(tolerated.keys()).cloned().collect();
        Demand::Leads { port: rule.port, clusters, where_listening }
    });
    let owned: Vec<Demand> = match side {
        Side::Gateway => {
            let own = own.iter().filter_map(|cluster| to_host(intent, cluster, &intent.namespace, true));
            let others = tolerated.iter();
            own.chain(others.filter_map(|(cluster, namespace)| to_host(intent, cluster, namespace, false)))
                .collect()
        }
        Side::Clients => own.iter().filter_map(|cluster| to_gateway(intent, cluster)).collect(),
    };
    let known = (side == Side::Clients && !where_listening).then(|| known(intent));
    let reaches = own.iter().map(|cluster| Demand::Reaches { cluster: cluster.clone() });
    let demands = leads.chain(owned).chain(known.into_iter().flatten()).chain(reaches).collect();
    Expectation { side, host: intent.host.clone(), demands }
}

/// A cluster of the gateway is made of the entry of this namespace and sends to the host that was asked for.
fn to_host(intent: &Intent, cluster: &str, namespace: &str, required: bool) -> Option<Demand> {
    let (port, _) = port_and_host(cluster)?;
    owned(cluster, namespace, Some(format!("{}:{port}", intent.host)), required)
}

/// A cluster of the callers is made of the gateway's own Service.
pub(super) fn to_gateway(intent: &Intent, cluster: &str) -> Option<Demand> {
    owned(cluster, &intent.gateway.namespace, None, true)
}

/// The callers know the host by our entry, where they know it. Routes hide its clusters as long as there are routes.
fn known(intent: &Intent) -> impl Iterator<Item = Demand> + '_ {
    let clusters = intent.ports.iter().map(|port| cluster_name(port.number, "", intent.host.as_str()));
    clusters.filter_map(|cluster| owned(&cluster, &intent.namespace, None, false))
}

fn owned(cluster: &str, namespace: &str, target: Option<String>, required: bool) -> Option<Demand> {
    let (_, host) = port_and_host(cluster)?;
    Some(Demand::Owned(Owner {
        cluster: cluster.to_owned(),
        host: host.to_owned(),
        namespaces: BTreeSet::from([namespace.to_owned()]),
        target,
        required,
    }))
}

/// No route of the host follows the rules of this side any more.
pub(super) fn gone(side: Side, host: &DnsName, routes: &Resource, protocols: &[Protocol]) -> Expectation {
    let rules = rules(side, routes);
    let demands = protocols.iter().filter_map(|protocol| {
        let clusters = own_of(&rules, *protocol);
        (!clusters.is_empty()).then_some(Demand::Gone { protocol: *protocol, clusters })
    });
    Expectation { side, host: host.clone(), demands: demands.collect() }
}

/// The clusters of the gateway's rules: what another namespace's routes for the same host may lead to.
pub(super) fn gateway_clusters(routes: &Resource) -> BTreeSet<String> {
    rules(Side::Gateway, routes).into_iter().flat_map(|rule| rule.clusters).collect()
}

fn own_of(rules: &[Rule], protocol: Protocol) -> BTreeSet<String> {
    let same = rules.iter().filter(|rule| rule.port.protocol == protocol);
    same.flat_map(|rule| rule.clusters.iter().cloned()).collect()
}

fn rules(side: Side, routes: &Resource) -> Vec<Rule> {
    let Some(service) = routes.virtual_service() else { return Vec::new() };
    let everywhere = service.gateways.as_deref().unwrap_or_default();
    http_rules(service, everywhere)
        .chain(tls_rules(service, everywhere))
        .filter(|rule| rule.side == side && !rule.clusters.is_empty())
        .collect()
}

fn http_rules<'a>(
    service: &'a VirtualServiceSpec,
    everywhere: &'a [String],
) -> impl Iterator<Item = Rule> + 'a {
    service.http.iter().flatten().flat_map(move |http| {
        let clusters: BTreeSet<String> = http
            .route
            .iter()
            .flatten()
            .map(|route| {
                let port = route.destination.port.as_ref().and_then(|port| port.number);
                cluster(port, route.destination.subset.as_deref(), &route.destination.host)
            })
            .collect();
        http.r#match.iter().flatten().map(move |matched| Rule {
            side: side_of(matched.gateways.as_deref().unwrap_or(everywhere)),
            port: Port { number: number(matched.port), protocol: Protocol::Http },
            clusters: clusters.clone(),
        })
    })
}

fn tls_rules<'a>(
    service: &'a VirtualServiceSpec,
    everywhere: &'a [String],
) -> impl Iterator<Item = Rule> + 'a {
    service.tls.iter().flatten().flat_map(move |tls| {
        let clusters: BTreeSet<String> = tls
            .route
            .iter()
            .flatten()
            .map(|route| {
                let port = route.destination.port.as_ref().and_then(|port| port.number);
                cluster(port, route.destination.subset.as_deref(), &route.destination.host)
            })
            .collect();
        tls.r#match.iter().map(move |matched| Rule {
            side: side_of(matched.gateways.as_deref().unwrap_or(everywhere)),
            port: Port { number: number(matched.port), protocol: Protocol::Tls },
            clusters: clusters.clone(),
        })
    })
}

fn side_of(gateways: &[String]) -> Side {
    if gateways.iter().any(|gateway| gateway == "mesh") { Side::Clients } else { Side::Gateway }
}

fn cluster(port: Option<i64>, subset: Option<&str>, host: &str) -> String {
    cluster_name(number(port), subset.unwrap_or_default(), host)
}

fn number(port: Option<i64>) -> u16 {
    port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

//! What a step must show in the proxies, read off the VirtualService that the step writes or deletes.
//!
//! Knows which rules are for the sidecars and which for the gateway. Knows nothing of the order of steps.

use std::collections::BTreeSet;

use egress_istio::virtual_service::VirtualServiceSpec;

use crate::host::DnsName;
use crate::port::{Port, Protocol};
use crate::proof::{Demand, Expectation, Side};
use crate::proxy::cluster_name;
use crate::resource::Resource;

/// One rule: traffic of a port leads to clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    side: Side,
    /// The port that is matched: the application's in a sidecar, the server's at a gateway.
    port: Port,
    clusters: BTreeSet<String>,
}

/// The rules of this side are live. `tolerated` are clusters that may serve the host as well: those of other
/// namespaces, which share the gateway's routes for it.
pub(super) fn live(
    side: Side,
    host: &DnsName,
    routes: &Resource,
    tolerated: &BTreeSet<String>,
    where_listening: bool,
) -> Expectation {
    let rules = rules(side, routes);
    let own: BTreeSet<String> = rules.iter().flat_map(|rule| rule.clusters.iter().cloned()).collect();
    let leads = rules.iter().map(|rule| {
        let shared =
            if side == Side::Gateway { own_of(&rules, rule.port.protocol) } else { rule.clusters.clone() };
        let clusters = shared.union(tolerated).cloned().collect();
        Demand::Leads { port: rule.port, clusters, where_listening }
    });
    let reaches = own.iter().map(|cluster| Demand::Reaches { cluster: cluster.clone() });
    Expectation { side, host: host.clone(), demands: leads.chain(reaches).collect() }
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

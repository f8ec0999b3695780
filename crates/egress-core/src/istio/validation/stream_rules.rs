//! `validateTLSRoute` and `validateTCPRoute`: rules for connections.

use egress_istio::virtual_service::{VirtualServiceTcp, VirtualServiceTls};

use super::Rejections;
use super::names::{self, is_address};
use super::virtual_service::{destination, name_or_generated, weights};
use crate::istio::simulation::is_subset;

/// A rule by server name; `hosts` are those of its VirtualService, and whether it takes names that istiod makes up.
pub(super) fn tls(
    rule: &VirtualServiceTls,
    place: &str,
    (hosts, takes_generated): (&[String], bool),
    found: &mut Rejections,
) {
    if rule.r#match.is_empty() {
        found.add(format!("{place}.match"), "", "a tls rule matches at least one server name");
    }
    for (index, matched) in rule.r#match.iter().enumerate() {
        let place = format!("{place}.match[{index}]");
        if matched.sni_hosts.is_empty() {
            found.add(format!("{place}.sniHosts"), "", "a tls rule matches at least one server name");
        }
        for (index, name) in matched.sni_hosts.iter().enumerate() {
            let field = || format!("{place}.sniHosts[{index}]");
            match name_or_generated(name, takes_generated) {
                Some(_) if is_address(name) => {}
                Some(reason) => found.add(field(), name, reason),
                None if hosts.iter().any(|host| is_subset(name, host)) => {}
                None => {
                    let reason = format!("spec.hosts does not have it: {}", hosts.join(", "));
                    found.add(field(), name, reason);
                }
            }
        }
        matched_connection(&matched.destination_subnets, matched.port, &matched.gateways, &place, found);
    }
    let routes = rule.route.as_deref().unwrap_or_default();
    for (index, route) in routes.iter().enumerate() {
        let to = &route.destination;
        let port = to.port.as_ref().map(|port| port.number);
        let place = format!("{place}.route[{index}].destination");
        destination((&to.host, to.subset.as_deref(), port), &place, found);
    }
    of_routes(&routes.iter().map(|route| route.weight).collect::<Vec<_>>(), place, found);
}

/// A rule by address and port.
pub(super) fn tcp(rule: &VirtualServiceTcp, place: &str, found: &mut Rejections) {
    for (index, matched) in rule.r#match.iter().flatten().enumerate() {
        let place = format!("{place}.match[{index}]");
        matched_connection(&matched.destination_subnets, matched.port, &matched.gateways, &place, found);
    }
    let routes = rule.route.as_deref().unwrap_or_default();
    for (index, route) in routes.iter().enumerate() {
        let to = &route.destination;
        let port = to.port.as_ref().map(|port| port.number);
        let place = format!("{place}.route[{index}].destination");
        destination((&to.host, to.subset.as_deref(), port), &place, found);
    }
    of_routes(&routes.iter().map(|route| route.weight).collect::<Vec<_>>(), place, found);
}

fn of_routes(all: &[Option<i32>], place: &str, found: &mut Rejections) {
    if all.is_empty() {
        found.add(format!("{place}.route"), "", "a rule for connections has a destination");
    }
    weights(all, place, found);
}

fn matched_connection(
    subnets: &Option<Vec<String>>,
    port: Option<i64>,
    gateways: &Option<Vec<String>>,
    place: &str,
    found: &mut Rejections,
) {
    for (index, subnet) in subnets.iter().flatten().enumerate() {
        found.extend(|| format!("{place}.destinationSubnets[{index}]"), subnet, names::range(subnet));
    }
    if let Some(port) = port.filter(|port| *port != 0) {
        found.extend(|| format!("{place}.port"), port, names::port(port));
    }
    names::gateways(gateways.as_deref().unwrap_or_default(), &format!("{place}.gateways"), found);
}

//! `validateTLSRoute` and `validateTCPRoute`: rules for connections.

use egress_istio::virtual_service::{VirtualServiceTcp, VirtualServiceTls};

use super::destinations::{To, name_or_generated, routes};
use super::host_set::HostSet;
use super::names::{self, is_address};
use super::rejection::Rejections;

/// A rule by server name; `hosts` are those of its VirtualService, and whether it takes names that istiod makes up.
pub(super) fn tls(
    rule: &VirtualServiceTls,
    place: &str,
    (hosts, takes_generated): (&HostSet<'_>, bool),
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
                None if hosts.covers(name) => {}
                None => found.add(field(), name, "spec.hosts does not have this name"),
            }
        }
        matched_connection(
            matched.destination_subnets.as_deref(),
            matched.port,
            matched.gateways.as_deref(),
            &place,
            found,
        );
    }
    let all = rule.route.iter().flatten().map(|route| {
        let to = &route.destination;
        (
            (
                to.host.as_str(),
                to.subset.as_deref(),
                to.port.as_ref().map(|port| port.number.unwrap_or_default()),
            ),
            route.weight,
        )
    });
    of_routes(all, place, found);
}

/// A rule by address and port.
pub(super) fn tcp(rule: &VirtualServiceTcp, place: &str, found: &mut Rejections) {
    for (index, matched) in rule.r#match.iter().flatten().enumerate() {
        let place = format!("{place}.match[{index}]");
        matched_connection(
            matched.destination_subnets.as_deref(),
            matched.port,
            matched.gateways.as_deref(),
            &place,
            found,
        );
    }
    let all = rule.route.iter().flatten().map(|route| {
        let to = &route.destination;
        (
            (
                to.host.as_str(),
                to.subset.as_deref(),
                to.port.as_ref().map(|port| port.number.unwrap_or_default()),
            ),
            route.weight,
        )
    });
    of_routes(all, place, found);
}

fn of_routes<'s>(all: impl Iterator<Item = (To<'s>, Option<i32>)>, place: &str, found: &mut Rejections) {
    if !routes(all, place, found) {
        found.add(format!("{place}.route"), "", "a rule for connections has a destination");
    }
}

fn matched_connection(
    subnets: Option<&[String]>,
    port: Option<i64>,
    gateways: Option<&[String]>,
    place: &str,
    found: &mut Rejections,
) {
    for (index, subnet) in subnets.unwrap_or_default().iter().enumerate() {
        found.extend(|| format!("{place}.destinationSubnets[{index}]"), subnet, names::range(subnet));
    }
    if let Some(port) = port.filter(|port| *port != 0) {
        found.extend(|| format!("{place}.port"), port.to_string(), names::port(port));
    }
    names::gateways(gateways.unwrap_or_default(), &format!("{place}.gateways"), found);
}

//! Hosts of requests, and which virtual host is for them.
//!
//! Follows `RouteMatcher::findVirtualHost` in source/common/router/config_impl.cc of Envoy.

use crate::oracle::envoy::{EnvoyVirtualHost, RouteConfiguration};

/// The virtual host of an authority: by its exact domain, the longest suffix, the longest prefix, then the one for all.
pub(super) fn virtual_host<'a>(
    routes: &'a RouteConfiguration,
    authority: &str,
) -> Option<&'a EnvoyVirtualHost> {
    let authority = authority.to_lowercase();
    let host = if routes.ignore_port_in_host_matching { without_port(&authority) } else { &authority };
    let ranked = routes.virtual_hosts.iter().filter_map(|virtual_host| {
        let rank =
            virtual_host.domains.iter().filter_map(|domain| rank(&domain.to_lowercase(), host)).max()?;
        Some((rank, virtual_host))
    });
    // The first of equals: Envoy refuses a domain that stands twice.
    ranked.rev().max_by_key(|(rank, _)| *rank).map(|(_, virtual_host)| virtual_host)
}

/// What kind of match it is, and how long.
fn rank(domain: &str, host: &str) -> Option<(u8, usize)> {
    if domain == "*" {
        return Some((0, 0));
    }
    if let Some(suffix) = domain.strip_prefix('*') {
        return (host.len() > suffix.len() && host.ends_with(suffix)).then_some((2, suffix.len()));
    }
    if let Some(prefix) = domain.strip_suffix('*') {
        return (host.len() > prefix.len() && host.starts_with(prefix)).then_some((1, prefix.len()));
    }
    (domain == host).then_some((3, 0))
}

/// A host without its port; the brackets of an address stay.
pub(super) fn without_port(authority: &str) -> &str {
    match split(authority) {
        Some((host, _)) => host,
        None => authority,
    }
}

/// The port of an authority.
pub(super) fn port(authority: &str) -> Option<u16> {
    split(authority).map(|(_, port)| port)
}

fn split(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let is_whole = !host.contains(':') || host.ends_with(']');
    if is_whole { Some((host, port.parse().ok()?)) } else { None }
}

//! The HTTP rules of one host at a gateway, joined from all VirtualServices, in the order in which Envoy asks them.
//!
//! Follows `buildGatewayHTTPRouteConfig` in `pilot/pkg/networking/core/gateway.go`, and `BuildHTTPRoutesForVirtualService`
//! and `SortVHostRoutes` in `pilot/pkg/networking/core/route/route.go`. Knows nothing of who wrote them.

use std::collections::BTreeMap;

use egress_istio::virtual_service::{
    VirtualServiceHttp, VirtualServiceHttpMatch, VirtualServiceHttpMatchAuthority,
    VirtualServiceHttpMatchHeaders, VirtualServiceHttpMatchUri,
};

use super::bound::{bound_to, full_name, names_gateway};
use super::server::Server;
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::GatewayFacts;
use crate::visibility::host_matches;

/// One match of one rule, or a rule without a match.
#[derive(Clone, Debug)]
pub struct HostRule<'a> {
    /// The VirtualService. Of a rule that is delegated, the one that delegates: it has the host.
    pub resource: &'a Resource,
    /// Where in it: `spec.http[0].match[1]`.
    pub field: String,
    /// The rule.
    pub http: &'a VirtualServiceHttp,
    /// Whether every request of the host matches.
    pub takes_all: bool,
    /// Whether istiod moves it behind all others.
    is_catch_all: bool,
}

/// The rules of a host in one route table: the first that matches a request decides it. Plaintext servers of one port share
/// a table, every other server has its own.
pub fn host_rules<'a>(
    table: &[Server<'a>],
    virtual_services: &[&'a Resource],
    host: &str,
    gateway: &GatewayFacts,
) -> Vec<HostRule<'a>> {
    let mut found = Vec::new();
    for server in table {
        let name = full_name(server.object);
        for resource in bound_to(virtual_services, &name, &gateway.name.namespace) {
            if meet(server, resource, host) {
                found.extend(rules_of(resource, &name, server.spec.port.number, gateway));
            }
        }
    }
    found.sort_by_key(|rule| rule.is_catch_all);
    found
}

/// Whether a server and a VirtualService make a virtual host of exactly this name: the narrower of two names that cover each
/// other counts.
fn meet(server: &Server<'_>, resource: &Resource, host: &str) -> bool {
    let hosts = resource.virtual_service().and_then(|spec| spec.hosts.as_deref()).unwrap_or_default();
    let covered = hosts.iter().any(|pattern| host_matches(pattern, host));
    let named = hosts.iter().any(|name| name.eq_ignore_ascii_case(host));
    let namespace = &resource.id.namespace;
    (named && server.admits(namespace, host)) || (covered && server.names(namespace, host))
}

fn rules_of<'a>(
    resource: &'a Resource,
    gateway_name: &str,
    port: i64,
    gateway: &GatewayFacts,
) -> Vec<HostRule<'a>> {
    let mut found = Vec::new();
    let rules = resource.virtual_service().and_then(|spec| spec.http.as_deref()).unwrap_or_default();
    for (number, http) in rules.iter().enumerate() {
        // What a delegate matches is not known: it may be less than its root does.
        let is_whole = http.delegate.is_none();
        let matches = http.r#match.as_deref().unwrap_or_default();
        let field = |place: Option<usize>| match place {
            Some(place) => format!("spec.http[{number}].match[{place}]"),
            None => format!("spec.http[{number}]"),
        };
        if matches.is_empty() {
            found.push(HostRule {
                resource,
                field: field(None),
                http,
                takes_all: is_whole,
                is_catch_all: is_whole,
            });
            if is_whole {
                return found;
            }
        }
        for (place, matched) in matches.iter().enumerate() {
            if !is_for(matched, resource, gateway_name, port, gateway) {
                continue;
            }
            let is_catch_all = is_whole && is_catch_all(matched);
            let takes_all = is_whole && takes_all(matched);
            found.push(HostRule { resource, field: field(Some(place)), http, takes_all, is_catch_all });
            if is_catch_all {
                return found;
            }
        }
    }
    found
}

fn is_for(
    matched: &VirtualServiceHttpMatch,
    resource: &Resource,
    name: &str,
    port: i64,
    gateway: &GatewayFacts,
) -> bool {
    if matched.port.is_some_and(|wanted| wanted != 0 && wanted != port) {
        return false;
    }
    let named = names_gateway(matched.gateways.as_deref(), &resource.id.namespace, name);
    named.unwrap_or_else(|| {
        let wanted = || matched.source_labels.iter().flatten();
        let no_pods = gateway.pods.is_empty().then_some(&gateway.selector);
        let mut pods = gateway.pods.iter().map(|pod| &pod.labels).chain(no_pods);
        let holds = |labels: &BTreeMap<String, String>| has_labels(labels, wanted());
        let namespace = matched.source_namespace.as_deref().unwrap_or_default();
        pods.any(holds) && (namespace.is_empty() || namespace == gateway.name.namespace)
    })
}

/// Whether istiod takes a match for one that says nothing. `IsCatchAllRoute` in
/// `pilot/pkg/networking/core/route/route.go`.
fn is_catch_all(matched: &VirtualServiceHttpMatch) -> bool {
    let every_path = matched.uri.as_deref().is_none_or(|uri| {
        uri.prefix.as_deref() == Some("/") || uri.regex.as_deref() == Some(EVERYTHING) || is_empty_uri(uri)
    });
    every_path
        && matched.authority.is_none()
        && says_nothing_else(matched)
        && headers(matched).next().is_none()
}

/// Whether every request matches.
fn takes_all(matched: &VirtualServiceHttpMatch) -> bool {
    let every_path = matched.uri.as_deref().is_none_or(|uri| {
        let every_prefix = uri.prefix.as_deref().is_some_and(|prefix| prefix.is_empty() || prefix == "/");
        let every_regex = uri.regex.as_deref().is_some_and(|regex| regex == EVERYTHING || regex == "/.*");
        every_prefix || every_regex || is_empty_uri(uri)
    });
    let every_authority = matched.authority.as_deref().is_none_or(|authority| {
        authority.regex.as_deref() == Some(EVERYTHING)
            || *authority == VirtualServiceHttpMatchAuthority::default()
    });
    // A regex of a header that is only `*` asks whether the header is there.
    let is_there = |header: &VirtualServiceHttpMatchHeaders| {
        matches!(header.regex.as_deref(), Some(EVERYTHING | "*"))
            || *header == VirtualServiceHttpMatchHeaders::default()
    };
    let every_header = headers(matched).all(|(name, header)| name == ":authority" && is_there(header));
    every_path && every_authority && every_header && says_nothing_else(matched)
}

fn is_empty_uri(uri: &VirtualServiceHttpMatchUri) -> bool {
    *uri == VirtualServiceHttpMatchUri::default()
}

fn headers(
    matched: &VirtualServiceHttpMatch,
) -> impl Iterator<Item = (&String, &VirtualServiceHttpMatchHeaders)> {
    matched.headers.iter().flatten()
}

fn says_nothing_else(matched: &VirtualServiceHttpMatch) -> bool {
    matched.method.is_none()
        && matched.scheme.is_none()
        && matched.query_params.as_ref().is_none_or(BTreeMap::is_empty)
        && matched.without_headers.as_ref().is_none_or(BTreeMap::is_empty)
}

/// A regex that every text matches.
const EVERYTHING: &str = ".*";

//! EG081: each host of a VirtualService is routed to itself.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use serde_json::{Value, json};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::from_gateway;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(81),
    name: "each host of a VirtualService is routed to itself",
    level: Level::Warning,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries],
    beside_the_walk: "The call ends where the rule says. That the destination belongs to another host may be intended.",
    docs: "\
## What it checks
VirtualServices with several hosts: no gateway route sends one of the hosts to another one, although the gateway has a
separate ServiceEntry for it.

## Why it matters
A route has a fixed destination. One route for two hosts sends the calls of both to the host in the destination. The
other host's calls then reach servers that may not know it, or belong to somebody else (istio/istio#16806). If one
host really serves both, all is well.

## How to fix
Give each host its own route: by `authority` for HTTP, by `sniHosts` for TLS.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    if view.entries_seen_from(&gateway.name.namespace, &path.host).is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let mut by_protocol: BTreeMap<Protocol, Vec<Route<'_>>> = BTreeMap::new();
    for route in from_gateway(view, path, gateway) {
        by_protocol.entry(route.protocol).or_default().push(route);
    }
    // A rule with another destination may be the one that applies to the host.
    let strays = |routes: &Vec<Route<'_>>| {
        routes.iter().all(|route| is_for_sibling(route, &path.host) && !tells_hosts_apart(route))
    };
    let first = by_protocol.values().filter(|routes| strays(routes)).filter_map(|routes| routes.first());
    CheckOutcome::of(by_protocol.len(), first.filter_map(|route| finding(path, route)).collect())
}

/// Whether a route sends traffic to another host of the same VirtualService.
fn is_for_sibling(route: &Route<'_>, host: &str) -> bool {
    let hosts = route.resource.virtual_service().and_then(|spec| spec.hosts.as_ref());
    let names = |name: &str| hosts.into_iter().flatten().any(|found| found == name);
    route.host != host && names(host) && names(route.host)
}

/// Whether a rule matches on the host.
fn tells_hosts_apart(route: &Route<'_>) -> bool {
    let matches = route.http.and_then(|rule| rule.r#match.as_ref()).into_iter().flatten();
    let mut matches = matches.map(|matched| {
        let headers = matched.headers.iter().flatten();
        matched.authority.is_some()
            || headers.into_iter().any(|(name, _)| name == ":authority" || name == "host")
    });
    matches.any(|chooses| chooses)
}

fn finding(path: &EgressPath<'_>, route: &Route<'_>) -> Option<Finding> {
    let Route { resource, protocol, .. } = route;
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("one route sends {} and {} to the same host", path.host, route.host),
        object: Place::of(&resource.id).field(format!("{}.host", route.field), route.host),
        evidence: vec![
            format!("spec.hosts names both {} and {}", path.host, route.host),
            format!("the gateway has a separate ServiceEntry for {}", path.host),
        ],
        consequence: format!("{protocol} calls to {} arrive at {}", path.host, route.host),
        fix: own_rule(resource, route, &path.host)?,
    })
}

/// Adds a copy of the rule for a host, with the host itself as destination.
fn own_rule(resource: &Resource, route: &Route<'_>, host: &str) -> Option<Fix> {
    let (kind, rest) = route.field.strip_prefix("spec.")?.split_once('[')?;
    let place: usize = rest.split(']').next()?.parse().ok()?;
    let spec = json!(resource.virtual_service()?);
    let mut rules = spec.get(kind)?.as_array()?.clone();
    let mut own = rules.get(place)?.clone();
    for destination in own.get_mut("route").and_then(Value::as_array_mut).into_iter().flatten() {
        let destination = destination.get_mut("destination")?;
        if destination.get("host").and_then(Value::as_str) == Some(route.host) {
            destination["host"] = json!(host);
        }
    }
    match kind {
        "http" => {
            if own.get("match").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                own["match"] = json!([{}]);
            }
            for matched in own.get_mut("match")?.as_array_mut()? {
                // The name may have a port after it.
                matched["authority"] = json!({ "prefix": host });
            }
        }
        "tls" => {
            for matched in own.get_mut("match")?.as_array_mut()? {
                matched["sniHosts"] = json!([host]);
            }
            // If two rules have the same SNI, istiod drops the whole younger one.
            for matched in rules.get_mut(place)?.get_mut("match")?.as_array_mut()? {
                matched.get_mut("sniHosts")?.as_array_mut()?.retain(|name| name != host);
            }
        }
        _ => return None,
    }
    rules.insert(place, own);
    Some(fixes::merge(&resource.id, &json!({ kind: rules }), "gives the host its own route"))
}

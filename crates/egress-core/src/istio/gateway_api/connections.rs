//! TLSRoutes and TCPRoutes: a VirtualService for each route, parent and host.
//!
//! Follows `TLSRouteCollection` and `TCPRouteCollection` in `route_collections.go`, and `convertTLSRoute` and `convertTCPRoute`
//! in `conversion.go`.

use serde_json::{Value, json};

use super::attach::{AttachedParent, parents};
use super::backend::{RuleOwner, Unusable, destination, weighted};
use super::facts::ApiFacts;
use super::listeners::{ApiListener, SUFFIX, hostnames};
use super::made::{ApiOrigin, Draft, MadeObjects};
use super::value::list;
use crate::istio::simulation::{is_subset, overlap};
use crate::related_resources::GatewayApiObject;

/// Adds the VirtualServices of all routes.
pub(super) fn add(facts: &ApiFacts<'_>, listeners: &[ApiListener<'_>], made: &mut MadeObjects) {
    for route in facts.of_kind("TLSRoute") {
        let with = |parent: &AttachedParent, routes: &[RouteTargets]| by_name(route, parent, routes);
        add_route(facts, listeners, (route, "tls"), with, made);
    }
    for route in facts.of_kind("TCPRoute") {
        add_route(facts, listeners, (route, "tcp"), by_address, made);
    }
}

fn add_route(
    facts: &ApiFacts<'_>,
    listeners: &[ApiListener<'_>],
    (route, field): (&GatewayApiObject, &str),
    with: impl Fn(&AttachedParent, &[RouteTargets]) -> Vec<(String, Vec<Value>)>,
    made: &mut MadeObjects,
) {
    let object = &route.object;
    let mut count = 0;
    for parent in parents(facts, listeners, route) {
        let is_mesh = parent.mesh_hosts.is_some();
        let owner = RuleOwner { facts, kind: &route.kind, namespace: &object.namespace, is_mesh };
        let destinations: Result<Vec<RouteTargets>, _> =
            list(&object.spec, "rules").iter().map(|rule| destinations(owner, rule)).collect();
        for (host, rules) in with(&parent, &destinations.unwrap_or_default()) {
            let mut spec = json!({ "hosts": [host], "gateways": [parent.internal] });
            spec[field] = rules.into();
            made.add_route(Draft {
                namespace: object.namespace.clone(),
                name: format!("{}~{field}~{count}~{SUFFIX}", object.name),
                created: object.created,
                spec,
                origins: vec![ApiOrigin::of(route)],
                is_open: false,
            });
            count += 1;
        }
    }
}

/// Where a rule leads.
struct RouteTargets {
    routes: Value,
    /// None where no backend has a weight: then it leads to what does not exist.
    is_used: bool,
}

fn destinations(owner: RuleOwner<'_>, rule: &Value) -> Result<RouteTargets, Unusable> {
    let used = weighted(list(rule, "backendRefs"));
    if used.is_empty() {
        let nowhere =
            json!({ "host": "internal.cluster.local", "subset": "zero-weight", "port": { "number": 65535 } });
        return Ok(RouteTargets { routes: json!([{ "destination": nowhere }]), is_used: false });
    }
    let mut found = Vec::new();
    for (backend, weight) in &used {
        let mut route = json!({ "destination": destination(owner, backend)? });
        if used.len() > 1 {
            route["weight"] = (*weight).into();
        }
        found.push(route);
    }
    Ok(RouteTargets { routes: found.into(), is_used: true })
}

fn by_address(parent: &AttachedParent, targets: &[RouteTargets]) -> Vec<(String, Vec<Value>)> {
    let hosts = parent.mesh_hosts.clone().unwrap_or_else(|| vec!["*".to_owned()]);
    let port = parent.port.filter(|_| parent.mesh_hosts.is_some());
    let rule = |targets: &RouteTargets| match port {
        Some(port) => json!({ "match": [{ "port": port }], "route": targets.routes }),
        None => json!({ "route": targets.routes }),
    };
    let rules: Vec<Value> = targets.iter().map(rule).collect();
    hosts.into_iter().map(|host| (host, rules.clone())).collect()
}

fn by_name(
    route: &GatewayApiObject,
    parent: &AttachedParent,
    targets: &[RouteTargets],
) -> Vec<(String, Vec<Value>)> {
    let written: Vec<String> = hostnames(route).into_iter().map(str::to_owned).collect();
    let rules = |names: &[String], port: Option<i64>| -> Vec<Value> {
        let mut matched = json!({ "sniHosts": names });
        if let Some(port) = port {
            matched["port"] = port.into();
        }
        // One that leads to nothing is for no name.
        let conditions = |is_used: bool| if is_used { json!([matched]) } else { json!([]) };
        let rule = |it: &RouteTargets| json!({ "match": conditions(it.is_used), "route": it.routes });
        targets.iter().map(rule).collect()
    };
    let Some(hosts) = &parent.mesh_hosts else {
        let names = if parent.hostname.is_empty() { written } else { shared(&written, &parent.hostname) };
        let rules = rules(&names, None);
        return names.iter().map(|host| (host.clone(), rules.clone())).collect();
    };
    let names = if written == ["*"] { hosts.clone() } else { written };
    // Of several names those of the host count.
    let of_host = |host: &String| match names.len() {
        0 | 1 => names.clone(),
        _ => names.iter().filter(|name| overlap(host, name)).cloned().collect(),
    };
    hosts.iter().map(|host| (host.clone(), rules(&of_host(host), parent.port))).collect()
}

/// The hosts that names and a listener have in common. `Names.Intersection`.
fn shared(names: &[String], listener: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        let narrower = if is_subset(name, listener) {
            name.as_str()
        } else if is_subset(listener, name) {
            listener
        } else {
            continue;
        };
        if !found.iter().any(|known| known == narrower) {
            found.push(narrower.to_owned());
        }
    }
    found
}

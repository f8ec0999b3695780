//! HTTPRoutes and GRPCRoutes: a VirtualService for each parent and host, with the rules of all routes of both kinds.
//!
//! Follows `HTTPRouteCollection`, `GRPCRouteCollection` and `mergeHTTPRoutes` in `route_collections.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::attach::{AttachedParent, parents};
use super::backend::RuleOwner;
use super::facts::ApiFacts;
use super::listeners::{ApiListener, hostnames};
use super::made::{ApiOrigin, Draft, MadeObjects};
use super::value::list;
use super::{matches, rule};
use crate::related_resources::GatewayApiObject;

/// Rules of one route for one parent and host.
struct RouteShare<'a> {
    route: &'a GatewayApiObject,
    internal: String,
    host: String,
    rules: Vec<Value>,
}

/// Adds the VirtualServices of all routes.
pub(super) fn add(facts: &ApiFacts<'_>, listeners: &[ApiListener<'_>], made: &mut MadeObjects) {
    let mut by_key: BTreeMap<String, Vec<RouteShare<'_>>> = BTreeMap::new();
    for route in facts.of_kind("HTTPRoute").chain(facts.of_kind("GRPCRoute")) {
        let parents = parents(facts, listeners, route);
        let for_mesh = rules(facts, route, true);
        let at_gateways = rules(facts, route, false);
        for parent in parents {
            let mut rules = if parent.mesh_hosts.is_some() { for_mesh.clone() } else { at_gateways.clone() };
            let key = key(route, &parent, &mut rules);
            if rules.is_empty() {
                continue;
            }
            matches::sort(&mut rules);
            let names = || hostnames(route).into_iter().map(str::to_owned).collect();
            for host in parent.mesh_hosts.clone().unwrap_or_else(names) {
                if !parent.is_closest_to(&host) {
                    continue;
                }
                let (internal, rules) = (parent.internal.clone(), rules.clone());
                let share = RouteShare { route, internal, host: host.clone(), rules };
                by_key.entry(format!("{key}/{host}")).or_default().push(share);
            }
        }
    }
    for (key, shares) in by_key {
        merge(&key, shares, made);
    }
}

/// The rules of a route; none where istiod cannot use one of them.
fn rules(facts: &ApiFacts<'_>, route: &GatewayApiObject, is_mesh: bool) -> Vec<Value> {
    let owner = RuleOwner { facts, kind: &route.kind, namespace: &route.object.namespace, is_mesh };
    let made: Result<Vec<Vec<Value>>, _> =
        list(&route.object.spec, "rules").iter().map(|one| rule::rules(owner, one)).collect();
    made.map(|made| made.into_iter().flatten().collect()).unwrap_or_default()
}

/// Under which name rules are merged. Rules for the mesh are told the port that the reference names.
fn key(route: &GatewayApiObject, parent: &AttachedParent, rules: &mut [Value]) -> String {
    if parent.mesh_hosts.is_none() {
        return parent.internal.clone();
    }
    let namespace = &route.object.namespace;
    let Some(port) = parent.port else { return namespace.clone() };
    for rule in rules {
        match rule.pointer_mut("/match/0") {
            Some(matched) => matched["port"] = port.into(),
            None => rule["match"] = json!([{ "port": port }]),
        }
    }
    format!("{namespace}/{port}")
}

/// Of the oldest route it has the namespace and the age.
fn merge(key: &str, mut shares: Vec<RouteShare<'_>>, made: &mut MadeObjects) {
    shares.sort_by_key(|share| {
        let object = &share.route.object;
        (object.created, &object.namespace, &object.name)
    });
    let mut rules: Vec<Value> = shares.iter().flat_map(|share| share.rules.iter().cloned()).collect();
    matches::sort(&mut rules);
    let Some(first) = shares.first() else { return };
    let object = &first.route.object;
    made.add_route(Draft {
        namespace: object.namespace.clone(),
        name: key.replace('/', "~"),
        created: object.created,
        spec: json!({ "hosts": [first.host], "gateways": [first.internal], "http": rules }),
        origins: shares.iter().map(|share| ApiOrigin::of(share.route)).collect(),
        is_open: false,
    });
}

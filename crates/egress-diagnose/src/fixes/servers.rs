//! Fixes of servers that istiod drops: they are removed, merged with the server that istiod keeps, or moved to a port
//! of their own.
//!
//! Knows where VirtualServices name Gateway objects and ports. Does not know which faults they fix.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::virtual_service::{MESH, gateway_name};
use serde_json::{Map, Value, json};

use super::{delete, merge, one_after_the_other, patch, patched};
use crate::finding::Fix;
use crate::istio::listeners::{Follows, Server};
use crate::traffic::routes::name_of;
use crate::traffic::server_merge::{MergedServers, ServerUser};
use crate::view::View;

/// The kinds of rules of a VirtualService.
const RULES: [&str; 3] = ["http", "tls", "tcp"];

/// Removes a server; deletes its object if it has no other server.
pub(crate) fn take_away(server: &Server<'_>, why: &str) -> Fix {
    if server.is_alone() {
        return delete(server.object, why);
    }
    let operation = json!({ "op": "remove", "path": format!("/spec/servers/{}", server.index) });
    patch(&server.object.id, &operation, why)
}

/// Binds VirtualServices to the Gateway object of another server, and removes the server.
pub(crate) fn join(from: &Server<'_>, to: &Server<'_>, users: &[ServerUser<'_>], why: &str) -> Fix {
    let (old, new) = (name_of(from.object), name_of(to.object));
    let mut fixes = distinct(users).into_iter().map(|resource| {
        let means = |name: &Value, gateway: &str| is_named(name, &resource.id, gateway);
        let bind = |names: &mut Value| {
            let Some(names) = names.as_array_mut() else { return };
            let Some(place) = names.iter().position(|name| means(name, &old)) else { return };
            let is_bound = names.iter().any(|name| means(name, &new));
            match (from.is_alone(), is_bound) {
                (true, true) => drop(names.remove(place)),
                (true, false) => names.iter_mut().skip(place).take(1).for_each(|name| *name = json!(new)),
                (false, true) => {}
                (false, false) => names.push(json!(new)),
            }
        };
        let mut spec = json!(resource.virtual_service());
        let before = spec.clone();
        spec.get_mut("gateways").into_iter().for_each(bind);
        for rules in RULES {
            let matches = every(&mut spec, rules).flat_map(|rule| every(rule, "match"));
            matches.filter_map(|matched| matched.get_mut("gateways")).for_each(bind);
        }
        merge(&resource.id, &changed(&before, &spec), why)
    });
    let taken_away = take_away(from, why);
    match fixes.next() {
        Some(first) => one_after_the_other(first, fixes.chain([taken_away]), why),
        None => taken_away,
    }
}

/// Moves a server to a free port of the gateway's Service, and changes the routes of its users.
pub(crate) fn move_away(
    view: &View<'_>,
    gateway: &GatewayFacts,
    merged: &MergedServers<'_>,
    server: &Server<'_>,
    users: &[ServerUser<'_>],
    why: &str,
) -> Fix {
    let (port, service) = free_port(gateway, merged, server, users, why);
    let path = format!("/spec/servers/{}/port/number", server.index);
    let moved = patch(&server.object.id, &json!({ "op": "replace", "path": path, "value": port }), why);
    let lead = Lead { view, service: view.service_host(gateway), server, port };
    after(service, moved, lead.all(users, why), why)
}

/// Gives some users of a server their own server, on a free port of the gateway's Service.
pub(crate) fn split_off(
    view: &View<'_>,
    gateway: &GatewayFacts,
    merged: &MergedServers<'_>,
    server: &Server<'_>,
    users: &[ServerUser<'_>],
    why: &str,
) -> Fix {
    let (port, service) = free_port(gateway, merged, server, users, why);
    let hosts: BTreeSet<&str> = users.iter().map(|user| user.host).collect();
    let mut own = json!(server.spec);
    own["hosts"] = json!(hosts);
    own["port"]["number"] = json!(port);
    own["port"]["name"] = json!(format!("{}-{port}", name_of_port(server)));
    let added =
        patch(&server.object.id, &json!({ "op": "add", "path": "/spec/servers/-", "value": own }), why);
    let lead = Lead { view, service: view.service_host(gateway), server, port };
    after(service, added, lead.all(users, why), why)
}

/// Changes the Service if needed, then the server, then its users.
fn after(service: Option<Fix>, server: Fix, users: Vec<Fix>, why: &str) -> Fix {
    match service {
        Some(service) => one_after_the_other(service, [server].into_iter().chain(users), why),
        None => one_after_the_other(server, users, why),
    }
}

/// Changes the port in the routes of VirtualServices.
struct Lead<'a, 'b> {
    view: &'a View<'b>,
    service: String,
    server: &'a Server<'a>,
    port: i64,
}

impl Lead<'_, '_> {
    /// Changes the users of the server, and the routes of callers to the gateway.
    fn all(&self, users: &[ServerUser<'_>], why: &str) -> Vec<Fix> {
        let mut concerned: BTreeMap<&ObjectId, &Resource> = BTreeMap::new();
        for user in users {
            // The callers' route may be a separate object. Objects of other namespaces belong to other teams.
            let beside = self.view.virtual_services(user.host).into_iter();
            let beside = beside.filter(|other| other.id.namespace == user.resource.id.namespace);
            concerned.extend(beside.map(|resource| (&resource.id, resource)));
        }
        let mut subsets = BTreeSet::new();
        let mut fixes = Vec::new();
        for resource in concerned.into_values() {
            let mut spec = json!(resource.virtual_service());
            let before = spec.clone();
            self.change(resource, &mut spec, &mut subsets);
            if spec != before {
                fixes.push(merge(&resource.id, &changed(&before, &spec), why));
            }
        }
        fixes.extend(subsets.iter().flat_map(|subset| self.settings(subset, why)));
        fixes
    }

    /// Changes one VirtualService; returns the subsets of the Service that callers use for the port.
    fn change(&self, resource: &Resource, spec: &mut Value, subsets: &mut BTreeSet<String>) {
        let old = json!(self.server.spec.port.number);
        let name = name_of(self.server.object);
        let bound = spec.get("gateways").cloned().unwrap_or(Value::Null);
        let kinds: &[&str] = match self.server.follows() {
            Follows::Http => &["http"],
            Follows::Tls => &["tls"],
            Follows::Tcp => &["tls", "tcp"],
        };
        let all = spec.as_object_mut().into_iter().flatten();
        let rules = all.filter(|(name, _)| kinds.contains(&name.as_str()));
        for rule in rules.flat_map(|(_, rules)| rules.as_array_mut().into_iter().flatten()) {
            for matched in every(rule, "match") {
                let own = matched.get("gateways").filter(|names| !names.is_null()).unwrap_or(&bound);
                let names = own.as_array().map(Vec::as_slice).unwrap_or_default();
                let here = names.iter().any(|found| is_named(found, &resource.id, &name));
                let mesh = names.iter().any(|found| found == MESH);
                if here && !mesh && matched.get("port") == Some(&old) {
                    matched["port"] = json!(self.port);
                }
            }
            for destination in every(rule, "route").filter_map(|route| route.get_mut("destination")) {
                let host = destination.get("host").and_then(Value::as_str).unwrap_or_default();
                let to_gateway = self.view.full_host(host, &resource.id.namespace) == self.service;
                if to_gateway && destination.pointer("/port/number") == Some(&old) {
                    subsets.extend(destination.get("subset").and_then(Value::as_str).map(str::to_owned));
                    destination["port"]["number"] = json!(self.port);
                }
            }
        }
    }

    /// Copies a subset's settings of the old port to the new port.
    fn settings(&self, subset: &str, why: &str) -> Vec<Fix> {
        let mut fixes = Vec::new();
        for rule in self.view.holders_of(subset) {
            let Some(spec) = rule.destination_rule() else { continue };
            if self.view.full_host(&spec.host, &rule.id.namespace) != self.service {
                continue;
            }
            let subsets = spec.subsets.iter().flatten().enumerate();
            for (index, found) in subsets.filter(|(_, found)| found.name == subset) {
                let policy = found.traffic_policy.as_ref();
                let of_ports = policy.and_then(|policy| policy.port_level_settings.as_ref());
                let number = |of_port: &Value| of_port.pointer("/port/number").and_then(Value::as_i64);
                let of_ports = of_ports.into_iter().flatten().map(|of_port| json!(of_port));
                let mut old = of_ports.filter(|it| number(it) == Some(self.server.spec.port.number));
                if let Some(mut said) = old.next() {
                    said["port"]["number"] = json!(self.port);
                    let path = format!("/spec/subsets/{index}/trafficPolicy/portLevelSettings/-");
                    fixes.push(patch(&rule.id, &json!({ "op": "add", "path": path, "value": said }), why));
                }
            }
        }
        fixes
    }
}

/// A free port of the Service; if there is none, a new port number and the fix that adds it to the Service.
fn free_port(
    gateway: &GatewayFacts,
    merged: &MergedServers<'_>,
    server: &Server<'_>,
    users: &[ServerUser<'_>],
    why: &str,
) -> (i64, Option<Fix>) {
    /// Istio's own ports, such as the one for the load balancer's health check.
    const OWN: RangeInclusive<i64> = 15000..=15100;
    let taken: BTreeSet<i64> = merged.kept.iter().map(|server| server.listens_on).collect();
    let free = |port: i64| !taken.contains(&gateway.listens_on(port)) && !OWN.contains(&port);
    let known: BTreeSet<i64> = gateway.ports.iter().map(|port| i64::from(port.number)).collect();
    // Hosts that are added later need 80 and 443.
    if let Some(port) = known.iter().find(|port| ![80, 443].contains(*port) && free(**port)) {
        return (*port, None);
    }
    let listened: BTreeSet<i64> =
        gateway.ports.iter().filter_map(|port| port.target).map(i64::from).collect();
    let fits = |port: &i64| *port > 1024 && free(*port) && !known.contains(port) && !listened.contains(port);
    let outside = users.iter().filter_map(|user| user.route.destination_port).map(i64::from);
    let from = server.listens_on.max(1024);
    let port = outside.chain(from + 1..=65535).find(fits).unwrap_or(from);
    let entry =
        json!({ "name": format!("{}-{port}", name_of_port(server)), "port": port, "targetPort": port });
    let operation = json!([{ "op": "add", "path": "/spec/ports/-", "value": entry }]);
    let service = ("service", gateway.name.service.as_str(), gateway.name.namespace.as_str());
    (port, Some(patched(service, &operation, why)))
}

/// The name of a Service port, which tells sidecars its protocol.
fn name_of_port(server: &Server<'_>) -> &'static str {
    match server.follows() {
        Follows::Http if server.spec.tls.is_none() => "http",
        Follows::Http => "https",
        Follows::Tls => "tls",
        Follows::Tcp if server.spec.tls.is_some() => "tls",
        Follows::Tcp => "tcp",
    }
}

/// The members of an array in a JSON object.
fn every<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Whether an item of `gateways` in a VirtualService means this Gateway object.
fn is_named(word: &Value, owner: &ObjectId, gateway: &str) -> bool {
    word.as_str().is_some_and(|word| gateway_name(word, &owner.namespace) == gateway)
}

/// The fields of a spec that have changed.
fn changed(before: &Value, after: &Value) -> Value {
    let fields = after.as_object().into_iter().flatten();
    let other = fields.filter(|(name, value)| before.get(name.as_str()) != Some(value));
    Value::Object(other.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// The VirtualServices of users, each once.
fn distinct<'a>(users: &[ServerUser<'a>]) -> Vec<&'a Resource> {
    let mut all: Vec<&Resource> = users.iter().map(|user| user.resource).collect();
    all.sort_by_key(|resource| &resource.id);
    all.dedup_by_key(|resource| &resource.id);
    all
}

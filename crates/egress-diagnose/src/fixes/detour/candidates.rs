//! Changes that may mend a call that does not take the way that its rule wants.
//!
//! A name that was likely meant comes before a new rule. Whether a change mends is computed by [`proof`](super::super::proof):
//! here it is enough that it may.

use egress_core::istio::call::{Passage, Speaks};
use egress_core::istio::simulation::{EndCause, OpenedServer};
use egress_core::proxy::port_and_host;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::{MESH, gateway_name};
use egress_istio::gateway::GatewayServers;
use serde_json::{Value, json};

use crate::did_you_mean::did_you_mean;
use crate::finding::{Alteration, Fix};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// The kinds of rules of a VirtualService.
const RULES: [&str; 3] = ["http", "tls", "tcp"];

/// What may mend a cause, the likeliest first.
pub(super) fn candidates(view: &View<'_>, call: &RoutedCall<'_>, found: &EndCause<'_>) -> Vec<Fix> {
    match found {
        EndCause::NotDeclared { host } => {
            meant_host(view, call, host).into_iter().chain(left_out(view, call, host)).collect()
        }
        EndCause::NoPort { host, port, declared } => {
            let others = declared.iter().filter_map(|other| led_to_port(view, call, host, *port, *other));
            others.chain(opened_by_service(view, call, host, *port)).collect()
        }
        EndCause::NoSubset { host, subset } => meant_subset(view, call, host, subset).into_iter().collect(),
        EndCause::NotOpened { port, opened, .. } if opened.is_empty() => selected(view, call),
        EndCause::NotOpened { port, is_privileged: true, .. } => unprivileged(call, *port),
        EndCause::NotOpened { port, opened, .. } => {
            let meant = opened.iter().filter(|server| is_meant(view, call, server, *port));
            meant.flat_map(|server| opened_there(call, server, *port)).collect()
        }
        EndCause::OtherRules { gateway, index, .. } => of_kind(call, gateway, *index),
        EndCause::NotBound { gateways, named, .. } => bound(view, call, gateways, named),
        EndCause::OtherProtocolDeclared { .. } | EndCause::Hidden { .. } | EndCause::TakenBy(_) => Vec::new(),
    }
}

/// Destinations of the VirtualService of a call, with their places in it.
fn destinations(call: &RoutedCall<'_>) -> Vec<(String, Value)> {
    let spec = json!(call.route.virtual_service());
    let mut found = Vec::new();
    for kind in RULES {
        for (rule, spec) in spec[kind].as_array().into_iter().flatten().enumerate() {
            for (place, route) in spec["route"].as_array().into_iter().flatten().enumerate() {
                let path = format!("/spec/{kind}/{rule}/route/{place}/destination");
                found.push((path, route["destination"].clone()));
            }
        }
    }
    found
}

/// Changes a field of each destination that fits.
fn redirected(
    call: &RoutedCall<'_>,
    fits: impl Fn(&Value) -> bool,
    field: &str,
    value: &Value,
    why: &str,
) -> Option<Fix> {
    let fitting = destinations(call).into_iter().filter(|(_, destination)| fits(destination));
    let operations: Vec<Value> = fitting
        .map(|(path, _)| json!({ "op": "add", "path": format!("{path}/{field}"), "value": value }))
        .collect();
    (!operations.is_empty()).then(|| fixes::patch_all(&call.route.id, &operations, why))
}

fn leads_to(view: &View<'_>, call: &RoutedCall<'_>, destination: &Value, host: &str) -> bool {
    let named = destination["host"].as_str().unwrap_or_default();
    view.full_host(named, &call.route.id.namespace) == host
}

fn meant_host(view: &View<'_>, call: &RoutedCall<'_>, host: &str) -> Option<Fix> {
    let entries = view.service_entries().filter_map(Resource::service_entry).flat_map(|spec| &spec.hosts);
    let services: Vec<String> = view.gateways().iter().map(|gateway| view.service_host(gateway)).collect();
    let known = entries.map(String::as_str).chain(services.iter().map(String::as_str));
    let gateway = view.meant_gateway(host).map(|gateway| view.service_host(gateway));
    let meant =
        gateway.as_deref().or_else(|| did_you_mean(host, known.filter(|known| !known.starts_with('*'))))?;
    let why = "names the host that exists";
    let fix = redirected(call, |to| leads_to(view, call, to, host), "host", &json!(meant), why)?;
    // A rule with a subset has the same name in its DestinationRule.
    let rules = view.destination_rules().filter(|rule| {
        rule.id.namespace == call.route.id.namespace
            && rule
                .destination_rule()
                .is_some_and(|spec| view.full_host(&spec.host, &rule.id.namespace) == host)
    });
    let rules = rules.map(|rule| fixes::set(&rule.id, "spec.host", &json!(meant), why));
    Some(fixes::one_after_the_other(fix, rules, why))
}

/// A rule of the same VirtualService takes a call first that is meant for a gateway: it has no match, or one without gateways.
/// It is bound to the Gateway objects that the VirtualService names.
pub(super) fn bound_first(call: &RoutedCall<'_>, passage: &Passage) -> Option<Fix> {
    let own = format!("{}/{}", call.route.id.namespace, call.route.id.name);
    let first =
        passage.hops.first().filter(|hop| passage.hops.len() == 1 && hop.route.as_ref() == Some(&own))?;
    let spec = json!(call.route.virtual_service());
    let gateways: Vec<&Value> = spec["gateways"].as_array()?.iter().filter(|name| *name != MESH).collect();
    let (_, host) = port_and_host(&first.cluster)?;
    let rules =
        spec["http"].as_array().filter(|_| call.rule.starts_with("spec.http") && !gateways.is_empty())?;
    let leads = |rule: &Value| {
        rule["route"].as_array().is_some_and(|all| all.iter().any(|to| to["destination"]["host"] == host))
    };
    let place = rules.iter().position(|rule| rule.get("match").is_none_or(Value::is_null) && leads(rule))?;
    let operation = json!({ "op": "add", "path": format!("/spec/http/{place}/match"), "value": [{ "gateways": gateways }] });
    Some(fixes::patch(
        &call.route.id,
        &operation,
        "keeps the rule from sidecars, for which it has no condition",
    ))
}

/// Takes the destinations that lead to a host out of rules that have others.
fn left_out(view: &View<'_>, call: &RoutedCall<'_>, host: &str) -> Option<Fix> {
    let all = destinations(call);
    let wrong = |to: &Value| leads_to(view, call, to, host);
    let rule = |path: &str| path.rsplit_once("/route/").map(|(rule, _)| rule.to_owned());
    let has_other = |path: &str| all.iter().any(|(other, to)| rule(other) == rule(path) && !wrong(to));
    let gone = all.iter().rev().filter(|(path, to)| wrong(to) && has_other(path));
    let operations: Vec<Value> = gone
        .map(|(path, _)| json!({ "op": "remove", "path": path.strip_suffix("/destination").unwrap_or(path) }))
        .collect();
    let why = "all calls take the other destinations; or create the Service";
    (!operations.is_empty()).then(|| fixes::patch_all(&call.route.id, &operations, why))
}

fn led_to_port(view: &View<'_>, call: &RoutedCall<'_>, host: &str, port: u16, other: u16) -> Option<Fix> {
    let fits = |to: &Value| {
        leads_to(view, call, to, host)
            && to.pointer("/port/number").is_none_or(|number| *number == json!(port))
    };
    redirected(call, fits, "port", &json!({ "number": other }), "routes to a port that the host has")
}

/// The gateway's Service gets the port, where a Gateway object that the VirtualService names has a server for it.
fn opened_by_service(view: &View<'_>, call: &RoutedCall<'_>, host: &str, port: u16) -> Option<Fix> {
    let gateway = call.gateway;
    let mut servers =
        named_gateways(view, call).into_iter().filter_map(|object| object.gateway()?.servers.as_deref());
    let has_server =
        servers.any(|servers| servers.iter().any(|server| server.port.number == i64::from(port)));
    if view.service_host(gateway) != host || !has_server {
        return None;
    }
    let entry = json!({ "name": format!("tcp-{port}"), "port": port, "targetPort": port });
    let patch = json!({ "spec": { "ports": [entry] } });
    let service = ("service", gateway.name.service.as_str(), gateway.name.namespace.as_str());
    let why = "opens the port that the Gateway object has a server for";
    Some(fixes::changed(service, Alteration::StrategicPatch(patch), why))
}

fn meant_subset(view: &View<'_>, call: &RoutedCall<'_>, host: &str, subset: &str) -> Option<Fix> {
    let rules = view.destination_rules().filter(|rule| {
        rule.destination_rule().is_some_and(|spec| view.full_host(&spec.host, &rule.id.namespace) == host)
    });
    let names = rules.flat_map(crate::traffic::subset::subset_names);
    let meant = did_you_mean(subset, names)?;
    let fits = |to: &Value| leads_to(view, call, to, host) && to["subset"] == json!(subset);
    redirected(call, fits, "subset", &json!(meant), "names the subset that exists")
}

/// The Gateway objects that the VirtualService of a call names.
fn named_gateways<'a>(view: &View<'a>, call: &RoutedCall<'_>) -> Vec<&'a Resource> {
    let names = call.route.virtual_service().and_then(|spec| spec.gateways.as_deref()).unwrap_or_default();
    let names: Vec<String> = names.iter().map(|name| gateway_name(name, &call.route.id.namespace)).collect();
    let is_named = |gateway: &&Resource| {
        names
            .iter()
            .any(|name| name != MESH && *name == format!("{}/{}", gateway.id.namespace, gateway.id.name))
    };
    view.gateway_objects().filter(is_named).collect()
}

/// No Gateway object selects the pods: one that the VirtualService names was meant to.
fn selected(view: &View<'_>, call: &RoutedCall<'_>) -> Vec<Fix> {
    let selector = json!(call.gateway.selector);
    let why = "selects the pods of the gateway's Service";
    let fix = |gateway: &Resource| {
        fixes::patch(&gateway.id, &json!({ "op": "add", "path": "/spec/selector", "value": selector }), why)
    };
    named_gateways(view, call).into_iter().map(fix).collect()
}

/// The Service leads to a port that pods without privileges may open.
fn unprivileged(call: &RoutedCall<'_>, port: u16) -> Vec<Fix> {
    let gateway = call.gateway;
    let Some(dialled) = gateway.ports.iter().find(|one| one.target == Some(port)) else { return Vec::new() };
    let is_free = |number: &u16| gateway.ports.iter().all(|one| one.target != Some(*number));
    let Some(free) = (10_000 + port..u16::MAX).find(is_free) else { return Vec::new() };
    let patch = json!({ "spec": { "ports": [{ "port": dialled.number, "targetPort": free }] } });
    let service = ("service", gateway.name.service.as_str(), gateway.name.namespace.as_str());
    let why = "leads to a port that the pods may open; the Gateway object keeps its number";
    vec![fixes::changed(service, Alteration::StrategicPatch(patch), why)]
}

/// A server that may be the one that a call was meant for: of the number that the rule dials, in a Gateway object that the
/// VirtualService names.
fn is_meant(view: &View<'_>, call: &RoutedCall<'_>, server: &OpenedServer<'_>, port: u16) -> bool {
    let dialled = call.gateway.ports.iter().find(|one| one.target == Some(port));
    let is_named = named_gateways(view, call).iter().any(|gateway| gateway.id == server.gateway.id);
    is_named && dialled.is_some_and(|one| i64::from(one.number) == server.number)
}

/// The server follows rules that the VirtualService has; or it gets a rule; or it moves to the port that is dialled.
fn opened_there(call: &RoutedCall<'_>, server: &OpenedServer<'_>, port: u16) -> Vec<Fix> {
    let OpenedServer { gateway, index, number, .. } = server;
    let mut found = of_kind(call, gateway, *index);
    found.extend(with_rule(call, gateway, *number));
    let why = "opens the port of the pods that the Service leads to";
    let moved =
        json!({ "op": "replace", "path": format!("/spec/servers/{index}/port/number"), "value": port });
    let rules = moved_rules(call, gateway, *number, port);
    let moved = fixes::patch(&gateway.id, &moved, why);
    found.push(fixes::one_after_the_other(
        moved,
        rules.map(|operations| fixes::patch_all(&call.route.id, &operations, why)),
        why,
    ));
    found
}

/// The rules for the port of a Gateway object, for another port.
fn moved_rules(call: &RoutedCall<'_>, gateway: &Resource, from: i64, to: u16) -> Option<Vec<Value>> {
    let spec = json!(call.route.virtual_service());
    let name = format!("{}/{}", gateway.id.namespace, gateway.id.name);
    let mut operations = Vec::new();
    for kind in RULES {
        for (rule, spec) in spec[kind].as_array().into_iter().flatten().enumerate() {
            for (place, matched) in spec["match"].as_array().into_iter().flatten().enumerate() {
                let names = matched["gateways"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let mut names = names.map(|word| gateway_name(word, &call.route.id.namespace));
                if names.any(|word| word == name) && matched["port"] == json!(from) {
                    let path = format!("/spec/{kind}/{rule}/match/{place}/port");
                    operations.push(json!({ "op": "replace", "path": path, "value": to }));
                }
            }
        }
    }
    (!operations.is_empty()).then_some(operations)
}

/// The rule for the gateway that the VirtualService lacks: to the host, at the port that is called.
fn with_rule(call: &RoutedCall<'_>, gateway: &Resource, number: i64) -> Option<Fix> {
    let spec = json!(call.route.virtual_service());
    let name = format!("{}/{}", gateway.id.namespace, gateway.id.name);
    let (kind, mut matched) = match &call.call.speaks {
        Speaks::Http { .. } => ("http", json!({})),
        Speaks::Tls { .. } => ("tls", json!({ "sniHosts": [call.host] })),
        Speaks::Bytes => ("tcp", json!({})),
    };
    matched["gateways"] = json!([name]);
    matched["port"] = json!(number);
    let rule = json!({
        "match": [matched],
        "route": [{ "destination": { "host": call.host, "port": { "number": call.call.port } } }],
    });
    // An array of the kind exists: the rule for the sidecars is in it.
    spec[kind].as_array()?;
    let path = format!("/spec/{kind}/-");
    let why = "adds the rule that leads from the gateway to the host";
    Some(fixes::patch(&call.route.id, &json!({ "op": "add", "path": path, "value": rule }), why))
}

/// The server with a protocol whose rules the VirtualService has.
fn of_kind(call: &RoutedCall<'_>, gateway: &Resource, index: usize) -> Vec<Fix> {
    let Some(server) = gateway.gateway().and_then(|spec| spec.servers.as_ref()?.get(index)) else {
        return Vec::new();
    };
    let is_mutual = json!(server.tls)["mode"] == "ISTIO_MUTUAL";
    let protocols: &[(&str, Option<&str>)] = match &call.call.speaks {
        Speaks::Http { .. } if is_mutual => &[("HTTPS", Some("ISTIO_MUTUAL"))],
        Speaks::Http { .. } => &[("HTTP", None), ("HTTPS", Some("ISTIO_MUTUAL"))],
        Speaks::Tls { .. } => &[("TLS", Some("PASSTHROUGH")), ("TLS", Some("ISTIO_MUTUAL"))],
        Speaks::Bytes => &[("TCP", None), ("TLS", Some("ISTIO_MUTUAL"))],
    };
    let rules = call.rule.split(['.', '[']).nth(1).unwrap_or_default();
    let why = format!("makes the server follow `{rules}` rules, which the VirtualService has");
    let field = format!("spec.servers[{index}]");
    let with = |(protocol, mode): &(&str, Option<&str>)| {
        let changed = changed_server(server, protocol, *mode);
        (changed != json!(server)).then(|| fixes::set(&gateway.id, &field, &changed, &why))
    };
    protocols.iter().filter_map(with).collect()
}

fn changed_server(server: &GatewayServers, protocol: &str, mode: Option<&str>) -> Value {
    let mut changed = json!(server);
    changed["port"]["protocol"] = json!(protocol);
    match (mode, changed.as_object_mut()) {
        (Some(mode), _) => changed["tls"] = json!({ "mode": mode }),
        (None, Some(fields)) => drop(fields.remove("tls")),
        (None, None) => {}
    }
    changed
}

/// The Gateway object that was meant instead of one that does not exist or selects other pods.
fn bound(view: &View<'_>, call: &RoutedCall<'_>, gateways: &[String], named: &[String]) -> Vec<Fix> {
    let own = call.route.virtual_service().and_then(|spec| spec.gateways.as_deref()).unwrap_or_default();
    let own: Vec<String> = own.iter().map(|name| gateway_name(name, &call.route.id.namespace)).collect();
    let mut found = Vec::new();
    for from in named.iter().filter(|name| *name != MESH && own.contains(name)) {
        let near = did_you_mean(from, gateways.iter().map(String::as_str));
        let others = gateways.iter().map(String::as_str).filter(|other| Some(*other) != near);
        found.extend(near.into_iter().chain(others).map(|to| {
            fixes::bind_to(call.route, from, to, &format!("binds it to {to}, which the gateway's pods have"))
        }));
    }
    view.note(egress_core::input::Input::from(Kind::Gateway));
    found
}

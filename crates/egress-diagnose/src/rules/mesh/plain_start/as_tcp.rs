//! The change that routes a port by its number instead of an SNI.
//!
//! Does not know which address tells the host apart from others of the same port.

use egress_core::command::ShellCommand;
use egress_core::resource::Resource;
use egress_istio::service_entry::ServiceEntryPorts;
use serde_json::{Value, json};

use super::RoutedBySni;
use super::protocol::is_tls;
use crate::finding::Fix;
use crate::fixes;

/// The entry, its rules and its servers as TCP.
pub(super) fn as_tcp(
    (entry, place, port): (&Resource, usize, &ServiceEntryPorts),
    routed: &[RoutedBySni<'_>],
    servers: &[(&Resource, usize)],
) -> Fix {
    let why = "declares the port TCP all the way: routes by port instead of SNI, and a TCP server, which takes the gateway's \
               port for this host alone; also give the ServiceEntry an address, or let sidecars capture DNS";
    let mut steps = Vec::new();
    // Gateways first: a route by port must find a server.
    for (object, server) in servers {
        let base = format!("/spec/servers/{server}");
        let operations = json!([
            { "op": "replace", "path": format!("{base}/port/protocol"), "value": "TCP" },
            { "op": "remove", "path": format!("{base}/tls") },
        ]);
        steps.push(patched(object, &operations, why));
    }
    let mut resources: Vec<&Resource> = Vec::new();
    for rule in routed.iter().rev() {
        if !resources.iter().any(|known| known.id == rule.resource.id) {
            resources.push(rule.resource);
        }
    }
    for resource in resources {
        let rules: Vec<&RoutedBySni<'_>> =
            routed.iter().filter(|rule| rule.resource.id == resource.id).collect();
        steps.push(patched(resource, &rules_as_tcp(&rules, port.number), why));
    }
    if is_tls(port) {
        let path = format!("/spec/ports/{place}/protocol");
        let operation = json!([{ "op": "replace", "path": path, "value": "TCP" }]);
        steps.push(patched(entry, &operation, why));
    }
    let mut steps = steps.into_iter();
    match steps.next() {
        Some(first) => fixes::one_after_the_other(first, steps, why),
        None => fixes::fix(ShellCommand::show("serviceentry", &entry.id.name, &entry.id.namespace), why),
    }
}

/// The same routes, matched by port.
fn rules_as_tcp(rules: &[&RoutedBySni<'_>], port: i64) -> Value {
    let mut operations: Vec<Value> = Vec::new();
    let mut written = Vec::new();
    for rule in rules {
        let matches: Vec<Value> = rule
            .rule
            .r#match
            .iter()
            .map(|found| {
                let mut by_port = json!({ "port": found.port.unwrap_or(port) });
                if let Some(gateways) = &found.gateways {
                    by_port["gateways"] = json!(gateways);
                }
                by_port
            })
            .collect();
        written.push(json!({ "match": matches, "route": rule.rule.route }));
    }
    // From the last on, so that places before stay as they are.
    operations.extend(
        rules.iter().rev().map(|rule| json!({ "op": "remove", "path": format!("/spec/tls/{}", rule.place) })),
    );
    let has_tcp =
        rules.first().and_then(|rule| rule.resource.virtual_service()).is_some_and(|spec| spec.tcp.is_some());
    if has_tcp {
        operations.extend(
            written.into_iter().map(|rule| json!({ "op": "add", "path": "/spec/tcp/-", "value": rule })),
        );
    } else {
        operations.push(json!({ "op": "add", "path": "/spec/tcp", "value": written }));
    }
    Value::from(operations)
}

fn patched(resource: &Resource, operations: &Value, why: &str) -> Fix {
    let id = &resource.id;
    fixes::patched((&id.kind.qualified(), &id.name, &id.namespace), operations, why)
}

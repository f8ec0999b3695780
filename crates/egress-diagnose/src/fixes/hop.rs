//! Fixes of the hop from sidecar to gateway: client TLS settings and server mode are made to match.
//!
//! Knows the TLS fields of DestinationRules and of Gateway servers. Does not know which faults they fix.

use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use serde_json::{Value, json};

use super::{apply, set};
use crate::finding::Fix;
use crate::istio::listeners::Server;
use crate::traffic::gateway_connections::GatewayConnection;
use crate::view::View;

/// Makes the callers use mesh mTLS to their server.
pub(crate) fn speak_mesh_mtls(
    view: &View<'_>,
    gateway: &GatewayFacts,
    (call, server): (&GatewayConnection<'_>, &Server<'_>),
    host: &str,
    why: &str,
) -> Fix {
    let mut tls = json!({ "mode": "ISTIO_MUTUAL" });
    // Without an SNI, Envoy sends the cluster's name, which only a server for all hosts accepts.
    if !server.hosts().any(|pattern| pattern == "*") {
        let fitting = server.hosts().find(|pattern| !pattern.starts_with('*') && *pattern != host);
        let name = if server.covers(host) { host } else { fitting.unwrap_or(host) };
        tls["sni"] = Value::from(name);
    }
    speak(view, gateway, call, &tls, why)
}

/// Makes the callers use no mesh TLS to the port of a connection.
pub(crate) fn speak_plaintext(
    view: &View<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'_>,
    why: &str,
) -> Fix {
    speak(view, gateway, call, &json!({ "mode": "DISABLE" }), why)
}

fn speak(
    view: &View<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'_>,
    tls: &Value,
    why: &str,
) -> Fix {
    if let Some(said) = &call.tls {
        return set(&said.rule.id, &said.field, tls, why);
    }
    let settings = json!({ "port": { "number": call.port }, "tls": tls });
    let rules = view.hop_rules(&call.caller, gateway);
    if let Some((rule, place, policy)) = rules.policy(call.route.subset) {
        return set(&rule.id, &place, &with_port(policy, &settings), why);
    }
    let name = &gateway.name;
    let manifest = json!({
        "apiVersion": format!("{}/v1", Kind::GROUP),
        "kind": "DestinationRule",
        "metadata": { "name": name.service, "namespace": name.namespace },
        "spec": { "host": view.service_host(gateway), "trafficPolicy": { "portLevelSettings": [settings] } },
    });
    apply(&manifest, why)
}

/// Makes a server terminate mesh mTLS.
pub(crate) fn end_mesh_mtls(server: &Server<'_>, why: &str) -> Fix {
    let mut spec = json!(server.spec);
    spec["port"]["protocol"] = Value::from("HTTPS");
    spec["tls"] = json!({ "mode": "ISTIO_MUTUAL" });
    set(&server.object.id, &server.field(), &spec, why)
}

/// A traffic policy with the settings of one more port.
pub(super) fn with_port(policy: Value, settings: &Value) -> Value {
    let mut policy = if policy.is_object() { policy } else { json!({}) };
    match policy.get_mut("portLevelSettings").and_then(Value::as_array_mut) {
        Some(ports) => ports.push(settings.clone()),
        None => policy["portLevelSettings"] = json!([settings]),
    }
    policy
}

//! Fixes of the gateway's TLS origination to a host.
//!
//! Knows the TLS fields of DestinationRules. Does not know which faults they fix.

use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use super::hop::with_port;
use super::{apply, one_after_the_other, set};
use crate::finding::Fix;
use crate::traffic::upstream::Upstream;
use crate::view::View;

/// Makes the gateway originate TLS to the port of a route.
pub(crate) fn open_tls(
    view: &View<'_>,
    gateway: &GatewayFacts,
    upstream: &Upstream<'_>,
    host: &str,
    why: &str,
) -> Fix {
    let tls = json!({ "mode": "SIMPLE", "sni": host, "subjectAltNames": [host] });
    if let Some(said) = &upstream.tls {
        return set(&said.rule.id, &said.field, &tls, why);
    }
    let settings = json!({ "port": { "number": upstream.port.number }, "tls": tls });
    let namespace = &gateway.name.namespace;
    let rules = view.rules_for(namespace, upstream.route.host, &upstream.entry.id.namespace);
    if let Some((rule, place, policy)) = rules.policy(upstream.route.subset) {
        return set(&rule.id, &place, &with_port(policy, &settings), why);
    }
    let manifest = json!({
        "apiVersion": format!("{}/v1", Kind::GROUP),
        "kind": "DestinationRule",
        "metadata": { "name": upstream.entry.id.name, "namespace": namespace },
        "spec": {
            "host": upstream.route.host,
            "exportTo": ["."],
            "trafficPolicy": { "portLevelSettings": [settings] },
        },
    });
    apply(&manifest, why)
}

/// Originates TLS on the port that applications call with HTTP, so that they need not call another port. None if the
/// ServiceEntry has no HTTP port, or if that port has another target already.
pub(crate) fn open_tls_on_the_port_of_http(upstream: &Upstream<'_>) -> Option<Fix> {
    let why = "originates TLS behind the port for HTTP; applications no longer see the other port";
    let number = upstream.port.number;
    let mut ports = upstream.spec.ports.clone()?;
    let http = ports.iter_mut().find(|port| port.protocol.as_deref() == Some("HTTP"))?;
    if http.target_port.replace(number).is_some_and(|target| target != number) {
        return None;
    }
    let http = http.number;
    ports.retain(|port| port.number != number);
    let rule = upstream.tls.as_ref()?;
    // A setting for all ports applies to the other port as well.
    let of_port = rule.field.strip_suffix(".tls").filter(|place| place.ends_with(']'));
    let moved = of_port.map(|place| set(&rule.rule.id, &format!("{place}.port.number"), &json!(http), why));
    let route = &upstream.route;
    let led = set(&route.resource.id, &format!("{}.port.number", route.field), &json!(http), why);
    let entry = set(&upstream.entry.id, "spec.ports", &json!(ports), why);
    Some(match moved {
        Some(moved) => one_after_the_other(moved, [led, entry], why),
        None => one_after_the_other(led, [entry], why),
    })
}

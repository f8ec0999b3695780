//! Repairs of the gateway's TLS to a host.
//!
//! Knows where DestinationRules say it. Knows nothing of what is wrong.

use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use super::hop::with_port;
use super::{apply, set};
use crate::finding::Fix;
use crate::upstream::Upstream;
use crate::view::View;

/// Lets the gateway open TLS to the port that a route leads to.
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

//! Binds a VirtualService to another Gateway object.
//!
//! Knows every place that names one. Does not know which is meant.

use egress_core::resource::Resource;
use egress_core::visibility::virtual_service::gateway_name;
use serde_json::{Value, json};

use super::patch_all;
use crate::finding::Fix;

/// Writes `to` wherever a VirtualService names the Gateway object `from`; both as `namespace/name`.
pub(crate) fn bind_to(route: &Resource, from: &str, to: &str, why: &str) -> Fix {
    let Some(spec) = route.virtual_service() else { return patch_all(&route.id, &[], why) };
    let mut operations = Vec::new();
    let mut replace = |names: Option<&[String]>, at: &str| {
        let named = names.unwrap_or_default().iter().enumerate();
        let wrong = named.filter(|(_, name)| gateway_name(name, &route.id.namespace) == from);
        operations.extend(wrong.map(|(place, _)| operation(&format!("{at}/{place}"), to)));
    };
    replace(spec.gateways.as_deref(), "/spec/gateways");
    for (rule, http) in spec.http.iter().flatten().enumerate() {
        for (place, matched) in http.r#match.iter().flatten().enumerate() {
            replace(matched.gateways.as_deref(), &format!("/spec/http/{rule}/match/{place}/gateways"));
        }
    }
    for (rule, tls) in spec.tls.iter().flatten().enumerate() {
        for (place, matched) in tls.r#match.iter().enumerate() {
            replace(matched.gateways.as_deref(), &format!("/spec/tls/{rule}/match/{place}/gateways"));
        }
    }
    for (rule, tcp) in spec.tcp.iter().flatten().enumerate() {
        for (place, matched) in tcp.r#match.iter().flatten().enumerate() {
            replace(matched.gateways.as_deref(), &format!("/spec/tcp/{rule}/match/{place}/gateways"));
        }
    }
    patch_all(&route.id, &operations, why)
}

fn operation(path: &str, to: &str) -> Value {
    json!({ "op": "replace", "path": path, "value": to })
}

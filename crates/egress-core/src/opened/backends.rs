//! Hosts that routes of the Gateway API lead to: Istio takes a host of a ServiceEntry as a backend.
//!
//! <https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/>, kind `Hostname` of
//! `networking.istio.io`.

use serde_json::Value;

use super::Finder;
use crate::related_resources::GatewayApiObject;

/// What a route of the Gateway API opens.
pub(super) fn hosts(object: &GatewayApiObject, found: &mut Finder<'_>) {
    let protocol = match object.kind.as_str() {
        "HTTPRoute" | "GRPCRoute" => "HTTP",
        "TLSRoute" => "TLS",
        "TCPRoute" => "TCP",
        _ => return,
    };
    let (namespace, name) = (&object.object.namespace, &object.object.name);
    let by = format!("{}/{name} in namespace {namespace}", object.kind.to_ascii_lowercase());
    let mut references = Vec::new();
    backends(&object.object.spec, &mut references);
    for reference in references {
        if reference["kind"] == "Hostname" && reference["group"] == "networking.istio.io" {
            let port = reference["port"].as_i64().unwrap_or(if protocol == "HTTP" { 80 } else { 443 });
            found.host(namespace, reference["name"].as_str().unwrap_or_default(), (port, protocol), &by);
        }
    }
}

/// Every `backendRef` and `backendRefs`, wherever it stands: rules have them, and filters that copy requests.
fn backends<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("backendRef", one) => found.push(one),
                    ("backendRefs", Value::Array(several)) => {
                        found.extend(several);
                        for one in several {
                            backends(one, found);
                        }
                    }
                    _ => backends(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| backends(item, found)),
        _ => {}
    }
}

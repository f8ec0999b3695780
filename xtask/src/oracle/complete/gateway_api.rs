//! Objects of the Gateway API as an API server stores them, and what istiod deploys for its Gateways.
//!
//! Knows the defaults of their CRDs as far as istiod relies on them.

use serde_json::{Value, json};

use super::fields;
use super::workloads::make_gateway_pod;
use crate::oracle::cluster::{self, list, namespace, of_kind, word};

const GROUP: &str = "gateway.networking.k8s.io/";

/// Adds what a CRD fills in: without it istiod's own code stops.
pub(super) fn as_stored(object: &mut Value) {
    if !is(object, "HTTPRoute") {
        return;
    }
    let Some(spec) = fields(object, "spec") else { return };
    let rules = spec.entry("rules").or_insert_with(|| json!([{}]));
    for rule in rules.as_array_mut().into_iter().flatten() {
        let Some(rule) = rule.as_object_mut() else { continue };
        let every = || json!({ "path": { "type": "PathPrefix", "value": "/" } });
        let matches = rule.entry("matches").or_insert_with(|| json!([every()]));
        for matched in matches.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            matched.entry("path").or_insert_with(|| every()["path"].clone());
        }
        let filters = rule.get_mut("filters").and_then(Value::as_array_mut);
        let redirects = filters.into_iter().flatten().filter_map(|it| it.get_mut("requestRedirect"));
        for redirect in redirects.filter_map(Value::as_object_mut) {
            redirect.entry("statusCode").or_insert_with(|| 302.into());
        }
    }
}

/// The Services and pods of Gateways that istiod deploys, where they are not there.
pub(super) fn deployments(objects: &[Value]) -> Vec<Value> {
    let is_deployed = |gateway: &&Value| {
        is(gateway, "Gateway")
            && word(gateway, "/spec/gatewayClassName") == "istio"
            && list(gateway, "/spec/addresses").is_empty()
    };
    let mut found = Vec::new();
    for gateway in objects.iter().filter(is_deployed) {
        let name = format!("{}-istio", cluster::name(gateway));
        let is_it =
            |service: &Value| (namespace(service), cluster::name(service)) == (namespace(gateway), &*name);
        if of_kind(objects, "Service").any(is_it) {
            continue;
        }
        let labels = json!({ "gateway.networking.k8s.io/gateway-name": cluster::name(gateway) });
        let mut ports: Vec<&Value> =
            list(gateway, "/spec/listeners").iter().filter_map(|listener| listener.get("port")).collect();
        ports.dedup();
        let port = |number: &&Value| json!({ "name": format!("port-{number}"), "port": number, "targetPort": number });
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name, "namespace": namespace(gateway) },
            "spec": { "selector": labels, "ports": ports.iter().map(port).collect::<Vec<_>>() },
        });
        let has_pod = of_kind(objects, "Pod").any(|pod| {
            namespace(pod) == namespace(gateway) && cluster::selects(&labels, pod.pointer("/metadata/labels"))
        });
        if !has_pod {
            found.push(make_gateway_pod(&service, &format!("{name}-pod")));
        }
        found.push(service);
    }
    found
}

fn is(object: &Value, kind: &str) -> bool {
    word(object, "/kind") == kind && word(object, "/apiVersion").starts_with(GROUP)
}

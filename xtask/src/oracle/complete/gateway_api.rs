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

/// The Services and pods of Gateways, where they are not there: those that istiod deploys, and those that an address names. For
/// a Service that is missing istiod's own code would wait, and never answer.
pub(super) fn deployments(objects: &[Value]) -> Vec<Value> {
    let gateways: Vec<(ServicePlace, &Value)> =
        objects.iter().filter_map(|object| Some((ServicePlace::of(object)?, object))).collect();
    let mut found = Vec::new();
    for (index, (place, _)) in gateways.iter().enumerate() {
        let is_it = |service: &Value| {
            (namespace(service), cluster::name(service)) == (&*place.namespace, &*place.name)
        };
        let is_made = gateways.iter().take(index).any(|(earlier, _)| earlier == place);
        if is_made || of_kind(objects, "Service").any(is_it) {
            continue;
        }
        let same = gateways.iter().filter(|(other, _)| other == place);
        let listeners = same.flat_map(|(_, gateway)| list(gateway, "/spec/listeners"));
        let mut ports: Vec<&Value> = Vec::new();
        for port in listeners.filter_map(|listener| listener.get("port")) {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        let port = |number: &&Value| json!({ "name": format!("port-{number}"), "port": number, "targetPort": number });
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": place.name, "namespace": place.namespace },
            "spec": { "selector": place.labels, "ports": ports.iter().map(port).collect::<Vec<_>>() },
        });
        let has_pod = of_kind(objects, "Pod").any(|pod| {
            namespace(pod) == place.namespace
                && cluster::selects(&place.labels, pod.pointer("/metadata/labels"))
        });
        if !has_pod {
            found.push(make_gateway_pod(&service, &format!("{}-pod", place.name)));
        }
        found.push(service);
    }
    found
}

/// Where the Service of a Gateway is, and the labels of its pods.
#[derive(PartialEq)]
struct ServicePlace {
    namespace: String,
    name: String,
    labels: Value,
}

impl ServicePlace {
    fn of(gateway: &Value) -> Option<Self> {
        if !is(gateway, "Gateway") || word(gateway, "/spec/gatewayClassName") != "istio" {
            return None;
        }
        let addresses = list(gateway, "/spec/addresses");
        if addresses.is_empty() {
            return Some(ServicePlace {
                namespace: namespace(gateway).to_owned(),
                name: format!("{}-istio", cluster::name(gateway)),
                labels: json!({ "gateway.networking.k8s.io/gateway-name": cluster::name(gateway) }),
            });
        }
        let is_host = |address: &&Value| word(address, "/type") == "Hostname";
        let host = addresses.iter().find(is_host).map(|address| word(address, "/value"))?;
        let mut labels = host.split('.');
        let name = labels.next()?.to_owned();
        let namespace = labels.next().unwrap_or(namespace(gateway)).to_owned();
        Some(ServicePlace { labels: json!({ "istio": name }), namespace, name })
    }
}

fn is(object: &Value, kind: &str) -> bool {
    word(object, "/kind") == kind && word(object, "/apiVersion").starts_with(GROUP)
}

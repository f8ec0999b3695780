//! The pods without which nothing calls and nothing is called: a caller in each namespace with egress objects, a gateway.
//!
//! Knows by which arguments a proxy is a gateway's. Gives nobody an address.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::oracle::cluster::{self, is, is_of_istio, list, namespace, of_kind, selects};

/// The container of Istio's proxy.
const PROXY: &str = "istio-proxy";

/// Says of pods that consist of Istio's proxy alone that it was started as a gateway, where they do not say it.
pub(super) fn run_as_routers(objects: &mut [Value]) {
    for pod in objects.iter_mut().filter(|object| is(object, "Pod")) {
        let Some(containers) = pod.pointer_mut("/spec/containers").and_then(Value::as_array_mut) else {
            continue;
        };
        let [container] = containers.as_mut_slice() else { continue };
        if cluster::word(container, "/name") == PROXY && list(container, "/args").is_empty() {
            container["args"] = json!(["proxy", "router"]);
        }
    }
}

/// A pod for each Service of a gateway, where there is no pod of a gateway at all. A Service whose endpoints are written down
/// needs none: its pods are elsewhere.
pub(super) fn gateway_pods(objects: &[Value]) -> Vec<Value> {
    let is_router = |pod: &Value| {
        let arguments = list(pod, "/spec/containers").iter().flat_map(|container| list(container, "/args"));
        arguments.clone().any(|argument| argument == "router")
    };
    if of_kind(objects, "Pod").any(is_router) {
        return Vec::new();
    }
    let selectors: Vec<&Value> =
        of_kind(objects, "Gateway").filter_map(|gateway| gateway.pointer("/spec/selector")).collect();
    let is_meant = |service: &&Value| {
        let labels = service.pointer("/spec/selector");
        selectors.iter().any(|selector| selects(selector, labels)) && !has_slice(objects, service)
    };
    let services = of_kind(objects, "Service").filter(is_meant);
    services.map(|service| make_gateway_pod(service, &format!("{}-pod", cluster::name(service)))).collect()
}

fn has_slice(objects: &[Value], service: &Value) -> bool {
    of_kind(objects, "EndpointSlice").any(|slice| {
        let of = slice.pointer("/metadata/labels/kubernetes.io~1service-name").and_then(Value::as_str);
        namespace(slice) == namespace(service) && of == Some(cluster::name(service))
    })
}

/// A pod behind the Service of a gateway.
pub(in crate::oracle) fn make_gateway_pod(service: &Value, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace(service), "labels": service.pointer("/spec/selector") },
        "spec": { "containers": [{ "name": PROXY, "args": ["proxy", "router"] }] },
    })
}

/// A caller for each namespace that has egress objects and no caller.
pub(super) fn callers(objects: &[Value]) -> Vec<Value> {
    let (facts, _) = cluster::read(objects);
    let called: BTreeSet<&str> = facts
        .snapshot
        .pods
        .iter()
        .filter(|pod| pod.has_sidecar && !pod.finished)
        .map(|pod| pod.namespace.as_str())
        .collect();
    let calls = |object: &&Value| {
        is_of_istio(object) && ["ServiceEntry", "VirtualService"].iter().any(|kind| is(object, kind))
    };
    let silent: BTreeSet<&str> =
        objects.iter().filter(calls).map(namespace).filter(|name| !called.contains(name)).collect();
    silent.into_iter().map(|namespace| make_caller(namespace, "caller", "caller")).collect()
}

/// A pod with a sidecar.
pub(in crate::oracle) fn make_caller(namespace: &str, name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": { "app": app } },
        "spec": { "containers": [{ "name": "app" }, { "name": PROXY, "args": ["proxy", "sidecar"] }] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_with_entries_and_no_caller_gets_one() {
        let entry = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": { "name": "cnn", "namespace": "shop" }, "spec": { "hosts": ["edition.cnn.com"] },
        });

        let added = callers(std::slice::from_ref(&entry));

        assert_eq!(added.iter().map(cluster::full_name).collect::<Vec<_>>(), ["shop/caller"]);
        assert!(callers(&[entry, make_caller("shop", "web-1", "web")]).is_empty());
    }

    #[test]
    fn a_gateway_without_a_pod_gets_one() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "egress", "namespace": "istio-system" },
            "spec": { "selector": { "istio": "egressgateway" } },
        });
        let gateway = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
            "metadata": { "name": "cnn", "namespace": "shop" },
            "spec": { "selector": { "istio": "egressgateway" } },
        });

        let added = gateway_pods(&[service.clone(), gateway]);

        assert_eq!(added.len(), 1);
        assert!(gateway_pods(&[service]).is_empty(), "no object is for such pods");
    }
}

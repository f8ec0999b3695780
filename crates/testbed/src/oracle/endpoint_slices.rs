//! The EndpointSlices that Kubernetes would write: without them istiod knows no endpoint of a Service.
//!
//! Follows the EndpointSlice controller of Kubernetes for Services with a selector. Knows nothing of istiod.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

const SERVICE: &str = "kubernetes.io/service-name";

/// The slices of Services with a selector that have none among the objects, by the pods that are there.
pub fn missing_endpoint_slices(objects: &[Value]) -> Vec<Value> {
    let pods: Vec<_> = of_kind(objects, "Pod").collect();
    let has_slice = |service: &Value| {
        of_kind(objects, "EndpointSlice").any(|slice| {
            slice["metadata"]["labels"][SERVICE] == service["metadata"]["name"]
                && slice["metadata"]["namespace"] == service["metadata"]["namespace"]
        })
    };
    of_kind(objects, "Service")
        .filter(|service| !has_slice(service))
        .flat_map(|service| {
            let selected: Vec<_> = pods.iter().copied().filter(|pod| selects(service, pod)).collect();
            ["IPv4", "IPv6"].map(|family| slice(service, &selected, family))
        })
        .flatten()
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &'static str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn selects(service: &Value, pod: &Value) -> bool {
    let selector = service["spec"]["selector"].as_object().filter(|selector| !selector.is_empty());
    let is_selected = selector.is_some_and(|selector| {
        selector.iter().all(|(name, value)| pod["metadata"]["labels"].get(name) == Some(value))
    });
    let phase = pod["status"]["phase"].as_str().unwrap_or_default();
    is_selected
        && pod["metadata"]["namespace"] == service["metadata"]["namespace"]
        && !matches!(phase, "Succeeded" | "Failed")
}

/// The slice of one family of addresses; none without a pod.
fn slice(service: &Value, pods: &[&Value], family: &str) -> Option<Value> {
    let meta = &service["metadata"];
    let name = meta["name"].as_str()?;
    let endpoints: Vec<_> = pods.iter().filter_map(|pod| endpoint(service, pod, family)).collect();
    let first = *pods.first()?;
    (!endpoints.is_empty()).then(|| {
        json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": format!("{name}-{}", family.to_lowercase()),
                "namespace": meta["namespace"],
                "labels": { SERVICE: name },
            },
            "addressType": family,
            "ports": ports(service, first),
            "endpoints": endpoints,
        })
    })
}

fn endpoint(service: &Value, pod: &Value, family: &str) -> Option<Value> {
    let addresses = addresses(pod);
    let address = addresses.iter().find(|address| address.is_ipv4() == (family == "IPv4"))?;
    let is_ready = pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let is_going = pod["metadata"].get("deletionTimestamp").is_some();
    let is_published = service["spec"]["publishNotReadyAddresses"] == true;
    Some(json!({
        "addresses": [address],
        "conditions": {
            "ready": is_published || (is_ready && !is_going),
            "serving": is_published || is_ready,
            "terminating": is_going,
        },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": { "kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"] },
    }))
}

/// The addresses of a pod.
pub(super) fn addresses(pod: &Value) -> Vec<IpAddr> {
    let listed = pod["status"]["podIPs"].as_array().into_iter().flatten().map(|address| &address["ip"]);
    let mut addresses: Vec<_> = listed
        .chain([&pod["status"]["podIP"]])
        .filter_map(|address| address.as_str()?.parse().ok())
        .collect();
    addresses.dedup();
    addresses
}

/// The ports of a Service at its pods. Pods whose ports of one name differ would be in several slices: here the first decides.
fn ports(service: &Value, pod: &Value) -> Vec<Value> {
    let declared = service["spec"]["ports"].as_array().into_iter().flatten();
    declared
        .filter_map(|port| {
            let mut written = Map::new();
            written.insert("name".to_owned(), port.get("name").cloned().unwrap_or_else(|| json!("")));
            written.insert("port".to_owned(), json!(target(port, pod)?));
            written.insert("protocol".to_owned(), port.get("protocol").cloned().unwrap_or(json!("TCP")));
            Some(Value::Object(written))
        })
        .collect()
}

/// `FindPort` in pkg/api/v1/pod/util.go of Kubernetes.
fn target(port: &Value, pod: &Value) -> Option<u64> {
    match &port["targetPort"] {
        Value::String(name) => pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|container| container["ports"].as_array().into_iter().flatten())
            .find(|declared| declared["name"] == name.as_str())
            .and_then(|declared| declared["containerPort"].as_u64()),
        number => number.as_u64().filter(|number| *number > 0).or_else(|| port["port"].as_u64()),
    }
}

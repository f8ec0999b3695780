//! Ambient mode around the egresses of a cluster: pods that ztunnel captures, a waypoint, and entries that use it.
//!
//! Its choices are of its own source, so that all other objects of a cluster stay what they are without it.

use serde_json::{Value, json};

use super::{policies, pools::Pools};
use crate::oracle::{
    cluster::{is, list, name, namespace, of_kind, word},
    random::Random,
};

/// The name of the waypoint.
const WAYPOINT: &str = "outward-waypoint";

/// Adds policies and a waypoint to some clusters.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    if random.percent(35) {
        for _ in 0..random.between(1, 2) {
            objects.push(policies::at_gateway(random, pools));
        }
    }
    if !random.percent(35) {
        return;
    }
    let home = pools.namespaces.last().cloned().unwrap_or_default();
    let own = if random.percent(60) { home } else { pools.namespace(random) };
    use_waypoint(random, objects, &own);
    let entries: Vec<(String, String)> = of_kind(objects, "ServiceEntry")
        .filter(|entry| !word(entry, "/metadata/labels/istio.io~1use-waypoint").is_empty())
        .map(|entry| (namespace(entry).to_owned(), name(entry).to_owned()))
        .collect();
    for _ in 0..random.below(3) {
        let entry = random.of_all(&entries).map(|(namespace, name)| (namespace.as_str(), name.as_str()));
        objects.push(policies::at_waypoint(random, pools, (&own, WAYPOINT), entry));
    }
    objects.extend(waypoint(random, &own));
    for namespace in pools.namespaces.iter().skip(1) {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "captured-1", "namespace": namespace, "labels": { "app": "captured", "istio.io/dataplane-mode": "ambient" } },
            "spec": { "containers": [{ "name": "app" }] },
        }));
    }
}

/// Lets most entries use the waypoint, and gives their hosts the addresses that istiod would.
fn use_waypoint(random: &mut Random, objects: &mut [Value], waypoint: &str) {
    let mut number = 0;
    for entry in objects.iter_mut().filter(|object| is(object, "ServiceEntry")) {
        let is_plain = list(entry, "/spec/addresses").is_empty();
        let hosts: Vec<Value> = list(entry, "/spec/hosts").to_vec();
        if is_plain && word(entry, "/spec/resolution") != "NONE" {
            let given = hosts.iter().filter(|host| !host.as_str().unwrap_or_default().starts_with('*'));
            let given: Vec<Value> = given
                .map(|host| {
                    number += 1;
                    json!({ "host": host, "value": format!("240.240.0.{number}") })
                })
                .collect();
            entry["status"] = json!({ "addresses": given });
        }
        if random.percent(80) {
            let mut labels = json!({ "istio.io/use-waypoint": WAYPOINT });
            if namespace(entry) != waypoint || random.percent(20) {
                labels["istio.io/use-waypoint-namespace"] = waypoint.into();
            }
            entry["metadata"]["labels"] = labels;
        }
    }
}

/// The Gateway of the Gateway API, and what istiod makes of it.
fn waypoint(random: &mut Random, namespace: &str) -> Vec<Value> {
    let from = random.word(&["All", "All", "All", "Same"]);
    let labels = json!({ "gateway.networking.k8s.io/gateway-name": WAYPOINT, "gateway.istio.io/managed": "istio.io-mesh-controller" });
    let address = format!("{WAYPOINT}.{namespace}.svc.cluster.local");
    let mut pod_labels = labels.clone();
    pod_labels["istio.io/dataplane-mode"] = "none".into();
    vec![
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": { "name": WAYPOINT, "namespace": namespace, "labels": { "istio.io/waypoint-for": "service" } },
            "spec": {
                "gatewayClassName": "istio-waypoint",
                "listeners": [{ "name": "mesh", "port": 15008, "protocol": "HBONE", "allowedRoutes": { "namespaces": { "from": from } } }],
            },
            "status": { "addresses": [{ "type": "Hostname", "value": address }] },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": WAYPOINT, "namespace": namespace, "labels": labels },
            "spec": {
                "selector": { "gateway.networking.k8s.io/gateway-name": WAYPOINT },
                "ports": [{ "name": "mesh", "port": 15008, "targetPort": 15008, "appProtocol": "hbone" }],
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "outward-waypoint-1", "namespace": namespace, "labels": pod_labels },
            "spec": { "containers": [{ "name": "istio-proxy", "args": ["proxy", "waypoint"] }] },
        }),
    ]
}

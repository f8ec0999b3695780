//! The Deployment of istiod, with a variable that changes where calls end: some clusters have one.
//!
//! Its choices are of its own source, so that all other objects of a cluster stay what they are without it.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::{ambient, cluster::is, random::Random};

/// How often, of a hundred clusters, istiod says something.
const SHARE: usize = 12;
/// Variables with what they are not without a word. Those that our simulation follows stand more than once.
const VARIABLES: [(&str, &str); 10] = [
    ("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "true"),
    ("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "true"),
    ("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "true"),
    ("ENABLE_ENHANCED_DESTINATIONRULE_MERGE", "false"),
    ("ENABLE_ENHANCED_DESTINATIONRULE_MERGE", "false"),
    ("PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE", "false"),
    ("PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE", "false"),
    ("PILOT_ENABLE_STRICT_GATEWAY_MERGING", "false"),
    ("PILOT_FILTER_GATEWAY_CLUSTER_CONFIG", "true"),
    ("ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY", "false"),
];

/// Adds the Deployment to some clusters, and to clusters with Gateways that istiod deploys a Gateway for their pods.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    let deployed = |object: &&Value| !is(object, "Gateway") && object["kind"] == "Gateway";
    let deployed: Vec<Value> = objects.iter().filter(deployed).cloned().collect();
    for gateway in deployed {
        if random.percent(SHARE) {
            objects.push(selecting(random, pools, &gateway));
        }
    }
    if !random.percent(SHARE) {
        return;
    }
    let (name, value) = *random.of_all(&VARIABLES).unwrap_or(&VARIABLES[0]);
    let mut variables = vec![json!({ "name": name, "value": value })];
    if objects.iter().any(ambient::is_sign) {
        variables.push(json!({ "name": "PILOT_ENABLE_AMBIENT", "value": "true" }));
    }
    let labels = json!({ "app": "istiod" });
    let pod = json!({ "containers": [{ "name": "discovery", "env": variables }] });
    objects.push(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "istiod", "namespace": "istio-system", "labels": labels },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pod },
        },
    }));
}

/// A Gateway of Istio for the pods of one of the Gateway API, in the same namespace or another.
fn selecting(random: &mut Random, pools: &mut Pools, gateway: &Value) -> Value {
    let metadata = &gateway["metadata"];
    let own = metadata["namespace"].as_str().unwrap_or_default().to_owned();
    let namespace = if random.percent(50) { own } else { pools.namespace(random) };
    let port = random.word(&["80", "8080"]).parse().unwrap_or(80);
    let server = json!({
        "port": { "name": "http", "number": port, "protocol": "HTTP" }, "hosts": [random.text(&pools.hosts)],
    });
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": {
            "name": pools.name("beside"), "namespace": namespace,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "selector": { "gateway.networking.k8s.io/gateway-name": metadata["name"] },
            "servers": [server],
        },
    })
}

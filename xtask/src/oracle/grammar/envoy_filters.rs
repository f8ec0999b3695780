//! EnvoyFilters: changes of listeners, filters, routes and clusters, of all proxies or of some.
//!
//! Their choices are of their own source, so that all other objects of a cluster stay what they are without them.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::random::Random;

/// Adds one or two to some clusters.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    if !random.percent(15) {
        return;
    }
    for _ in 0..random.between(1, 2) {
        let patches: Vec<Value> = (0..random.between(1, 2)).map(|_| patch(random, pools)).collect();
        let mut spec = json!({ "configPatches": patches });
        match random.below(4) {
            0 => spec["workloadSelector"] = json!({ "labels": pools.app(random) }),
            1 => spec["workloadSelector"] = json!({ "labels": pools.service(random).selector }),
            _ => {}
        }
        let namespace = if random.percent(50) { "istio-system".to_owned() } else { pools.namespace(random) };
        objects.push(json!({
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
            "metadata": { "name": pools.name("filter"), "namespace": namespace }, "spec": spec,
        }));
    }
}

fn patch(random: &mut Random, pools: &Pools) -> Value {
    let port = pools.port(random);
    let host =
        if random.percent(70) { random.text(&pools.hosts) } else { pools.service(random).host(random) };
    let (kind, mut matched, patch) = match random.below(9) {
        0 => (
            "CLUSTER",
            cluster(random, &host, port),
            json!({ "operation": "MERGE", "value": { "connect_timeout": "3s" } }),
        ),
        1 | 2 => ("CLUSTER", cluster(random, &host, port), json!({ "operation": "REMOVE" })),
        3 => ("VIRTUAL_HOST", routes(random, &host, port), json!({ "operation": "REMOVE" })),
        4 => (
            "HTTP_ROUTE",
            routes(random, &host, port),
            json!({ "operation": "INSERT_FIRST", "value": {
                "match": { "prefix": "/" }, "direct_response": { "status": 418 } } }),
        ),
        5 => (
            "HTTP_ROUTE",
            routes(random, &host, port),
            json!({ "operation": "MERGE", "value": { "route": { "timeout": "7s" } } }),
        ),
        6 => ("LISTENER", listener(random, port), json!({ "operation": "REMOVE" })),
        7 => ("FILTER_CHAIN", listener(random, port), json!({ "operation": "REMOVE" })),
        _ => (
            "HTTP_FILTER",
            json!({ "listener": { "filterChain": { "filter": {
                "name": "envoy.filters.network.http_connection_manager" } } } }),
            json!({ "operation": "INSERT_BEFORE", "value": {
                "name": "envoy.filters.http.lua",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
                    "inlineCode": "function envoy_on_request(handle) end" } } }),
        ),
    };
    let context = random.word(&["", "ANY", "SIDECAR_OUTBOUND", "SIDECAR_INBOUND", "GATEWAY", "GATEWAY"]);
    if !context.is_empty() {
        matched["context"] = context.into();
    }
    json!({ "applyTo": kind, "match": matched, "patch": patch })
}

fn cluster(random: &mut Random, host: &str, port: u16) -> Value {
    let matched = match random.below(6) {
        0 => json!({ "name": format!("outbound|{port}||{host}") }),
        1 => json!({ "service": host, "portNumber": port }),
        2 => json!({ "portNumber": port }),
        3 => json!({ "service": host, "subset": "cnn" }),
        4 => json!({ "name": random.word(&["PassthroughCluster", "BlackHoleCluster"]) }),
        _ => json!({ "service": host }),
    };
    json!({ "cluster": matched })
}

fn routes(random: &mut Random, host: &str, port: u16) -> Value {
    let matched = match random.below(5) {
        0 => json!({ "name": port.to_string() }),
        1 => json!({ "portNumber": port }),
        2 => json!({ "portNumber": port, "vhost": { "name": format!("{host}:{port}") } }),
        3 => json!({ "vhost": { "domainName": host } }),
        _ => json!({ "vhost": { "name": format!("{host}:{port}") } }),
    };
    json!({ "routeConfiguration": matched })
}

fn listener(random: &mut Random, port: u16) -> Value {
    let matched = match random.below(4) {
        0 => json!({ "name": format!("0.0.0.0_{port}") }),
        1 => json!({ "name": random.word(&["virtualOutbound", "virtualInbound"]) }),
        _ => json!({ "portNumber": port }),
    };
    json!({ "listener": matched })
}

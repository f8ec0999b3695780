//! Sidecars: what proxies of a namespace know, and what they do with the rest.

use serde_json::{Value, json};

use super::{objects::object, pools::Pools};
use crate::oracle::random::Random;

/// A Sidecar.
pub(in crate::oracle) fn make(random: &mut Random, pools: &mut Pools) -> Value {
    let mut listeners = Vec::new();
    for index in 0..random.between(1, 2) {
        let mut listener = json!({ "hosts": hosts(random, pools) });
        // Of several listeners without a port there may be one only.
        if index > 0 || random.percent(10) {
            let number = pools.port(random);
            let protocol = super::entries::protocol(random, number);
            listener["port"] =
                json!({ "number": number, "name": format!("port-{index}"), "protocol": protocol });
        }
        listeners.push(listener);
    }
    // A listener for all ports comes last.
    listeners.sort_by_key(|listener| listener.get("port").is_none());
    let mut spec = json!({ "egress": listeners });
    if random.percent(30) {
        spec["outboundTrafficPolicy"] = json!({ "mode": random.word(&["REGISTRY_ONLY", "ALLOW_ANY"]) });
    }
    if random.percent(20) {
        spec["workloadSelector"] = json!({ "labels": pools.app(random) });
    }
    let (namespace, name) = (pools.namespace(random), pools.name("sidecar"));
    object(random, "Sidecar", &namespace, &name, &spec)
}

fn hosts(random: &mut Random, pools: &Pools) -> Vec<String> {
    let mut hosts = Vec::new();
    for _ in 0..random.between(1, 3) {
        let host = random.text(&pools.hosts);
        let namespace = random.text(&pools.namespaces);
        hosts.push(match random.below(10) {
            0..=2 => "./*".to_owned(),
            3..=5 => format!("{}/*", pools.gateway_namespace(random)),
            6 => "*/*".to_owned(),
            7 => format!("*/{host}"),
            8 => format!("{namespace}/{host}"),
            _ => "~/*".to_owned(),
        });
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

//! DestinationRules: subsets, TLS of the whole host, of a subset and of a port.

use serde_json::{Value, json};

use super::{
    objects::{export, object},
    pools::Pools,
};
use crate::oracle::random::Random;

/// A rule for a host: mostly the TLS that a gateway opens to it.
pub(super) fn of_host(random: &mut Random, pools: &mut Pools, host: &str) -> Value {
    of(random, pools, host)
}

/// A rule for anything.
pub(super) fn make(random: &mut Random, pools: &mut Pools) -> Value {
    let host = match random.below(10) {
        0..=4 => random.text(&pools.hosts),
        5..=7 => pools.service(random).host(random),
        8 => pools.backend(),
        _ => "*.svc.cluster.local".to_owned(),
    };
    of(random, pools, &host)
}

fn of(random: &mut Random, pools: &mut Pools, host: &str) -> Value {
    let mut spec = json!({ "host": host });
    if random.percent(40) {
        set_policy(random, pools, &mut spec);
    }
    if random.percent(70) {
        let names = random.some(&pools.subsets, 2);
        spec["subsets"] = names.iter().map(|name| subset(random, pools, name)).collect();
    }
    export(random, pools, &mut spec);
    if random.percent(6) {
        spec["workloadSelector"] = json!({ "matchLabels": pools.app(random) });
        // It then holds for its own namespace only.
        spec["exportTo"] = json!(["."]);
    }
    let namespace =
        if random.percent(25) { pools.gateway_namespace(random) } else { pools.namespace(random) };
    let name = pools.name("rule");
    object(random, "DestinationRule", &namespace, &name, &spec)
}

fn subset(random: &mut Random, pools: &Pools, name: &str) -> Value {
    let mut subset = json!({ "name": name });
    if random.percent(15) {
        subset["labels"] = json!({ "version": "v1" });
    }
    if random.percent(50) {
        set_policy(random, pools, &mut subset);
    }
    subset
}

/// An empty policy is refused, so there is none then.
fn set_policy(random: &mut Random, pools: &Pools, whose: &mut Value) {
    let mut policy = json!({});
    if random.percent(60) {
        policy["tls"] = tls(random, pools);
    }
    if random.percent(40) {
        let mut port = json!({ "port": { "number": pools.port(random) } });
        if random.percent(80) {
            port["tls"] = tls(random, pools);
        } else {
            port["loadBalancer"] = json!({ "simple": "ROUND_ROBIN" });
        }
        policy["portLevelSettings"] = json!([port]);
    }
    if random.percent(20) {
        policy["loadBalancer"] = json!({ "simple": random.word(&["ROUND_ROBIN", "PASSTHROUGH", "RANDOM"]) });
    }
    if policy != json!({}) {
        whose["trafficPolicy"] = policy;
    }
}

fn tls(random: &mut Random, pools: &Pools) -> Value {
    let mode = random.word(&["SIMPLE", "SIMPLE", "ISTIO_MUTUAL", "ISTIO_MUTUAL", "DISABLE", "MUTUAL"]);
    let mut tls = json!({ "mode": mode });
    if mode == "MUTUAL" {
        tls["clientCertificate"] = "/etc/certs/tls.crt".into();
        tls["privateKey"] = "/etc/certs/tls.key".into();
    }
    if mode == "ISTIO_MUTUAL" && random.percent(10) {
        tls["sni"] = service_name(random, pools).into();
    } else if mode != "DISABLE" && random.percent(30) {
        let host = random.text(&pools.hosts);
        tls["sni"] = host.trim_start_matches("*.").into();
    }
    tls
}

/// The name of a service in the mesh's mTLS, by which a gateway of mode `AUTO_PASSTHROUGH` passes it on.
pub(super) fn service_name(random: &mut Random, pools: &Pools) -> String {
    let (host, port) = match random.below(4) {
        0 => {
            let service = pools.service(random);
            (service.host(random), service.port(random))
        }
        1 => (random.text(&pools.hosts), pools.port(random)),
        _ => (pools.backend(), pools.port(random)),
    };
    let subset = if random.percent(70) { String::new() } else { random.text(&pools.subsets) };
    format!("outbound_.{port}_.{subset}_.{host}")
}

//! Gateway objects: servers of every protocol and TLS mode, with hosts in every form.

use serde_json::{Value, json};

use super::{objects::object, pools::Pools};
use crate::oracle::random::Random;

/// A Gateway of whatever hosts.
pub(super) fn make(random: &mut Random, pools: &mut Pools) -> Value {
    let count = random.between(1, 3);
    let service = pools.service(random);
    let mut servers = Vec::new();
    for index in 0..count {
        let number = if random.percent(90) { service.port(random) } else { pools.port(random) };
        let hosts = hosts(random, pools);
        let mut server = server(random, index, number, &hosts);
        if server["tls"]["mode"] == "PASSTHROUGH" && random.percent(20) {
            server["tls"]["mode"] = "AUTO_PASSTHROUGH".into();
            server["hosts"] = json!([random.word(&["*.local", "*", "*.svc.cluster.local"])]);
        }
        servers.push(server);
    }
    let selector = if random.percent(90) {
        json!({ "istio": service.selector["istio"] })
    } else {
        service.selector.clone()
    };
    let spec = json!({ "selector": selector, "servers": servers });
    let namespace = if random.percent(40) { service.namespace.clone() } else { pools.namespace(random) };
    let name = pools.name("gateway");
    pools.gateways.push(format!("{namespace}/{name}"));
    object(random, "Gateway", &namespace, &name, &spec)
}

fn server(random: &mut Random, index: usize, number: u16, hosts: &[String]) -> Value {
    let protocol = match number {
        80 => random.word(&["HTTP", "HTTP", "HTTP", "HTTPS", "TCP", "HTTP2", "GRPC"]),
        443 => random.word(&["TLS", "TLS", "HTTPS", "HTTPS", "TCP", "HTTP"]),
        _ => random.word(&["TCP", "TLS", "HTTP", "HTTPS", "MONGO"]),
    };
    let port = json!({ "number": number, "name": format!("{}-{index}", protocol.to_lowercase()), "protocol": protocol });
    let mut server = json!({ "port": port, "hosts": hosts });
    let mode = match protocol {
        "TLS" => random.word(&["PASSTHROUGH", "PASSTHROUGH", "ISTIO_MUTUAL", "SIMPLE", "PASSTHROUGH"]),
        "HTTPS" => random.word(&["ISTIO_MUTUAL", "ISTIO_MUTUAL", "SIMPLE", "MUTUAL", "PASSTHROUGH"]),
        _ if random.percent(3) => "ISTIO_MUTUAL",
        _ => "",
    };
    if !mode.is_empty() {
        server["tls"] = json!({ "mode": mode });
    }
    if matches!(mode, "SIMPLE" | "MUTUAL") {
        server["tls"]["credentialName"] = "certificate".into();
    }
    server
}

fn hosts(random: &mut Random, pools: &Pools) -> Vec<String> {
    let count = if random.percent(80) { 1 } else { 2 };
    let mut hosts = Vec::new();
    for _ in 0..count {
        let name = random.text(&pools.hosts);
        let name = if random.percent(20) { "*".to_owned() } else { Pools::below(random, &name) };
        hosts.push(match random.below(20) {
            0 => format!("{}/{name}", random.text(&pools.namespaces)),
            1 => format!("*/{name}"),
            2 => format!("./{name}"),
            _ => name,
        });
    }
    hosts.dedup();
    hosts
}

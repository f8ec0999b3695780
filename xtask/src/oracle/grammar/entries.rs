//! ServiceEntries: hosts, addresses, ports, and where they lead to.

use serde_json::{Value, json};

use super::{
    objects::{export, object},
    pools::Pools,
};
use crate::oracle::random::Random;

/// An entry for a host.
pub(super) fn make(random: &mut Random, pools: &mut Pools, host: &str) -> Value {
    let mut hosts = vec![host.to_owned()];
    if random.percent(10) {
        let other = random.text(&pools.hosts);
        hosts.extend((other != host).then_some(other));
    }
    let ports = ports(random, pools);
    let resolution = resolution(random, hosts.iter().any(|host| host.starts_with('*')));
    let mut spec = json!({ "hosts": hosts, "ports": ports });
    if !resolution.is_empty() {
        spec["resolution"] = resolution.into();
    }
    if random.percent(80) {
        spec["location"] =
            random.word(&["MESH_EXTERNAL", "MESH_EXTERNAL", "MESH_EXTERNAL", "MESH_INTERNAL"]).into();
    }
    if random.percent(20) {
        let addresses: &[&str] = if resolution.starts_with("DNS") {
            &["192.0.2.10", "192.0.2.11"]
        } else {
            &["192.0.2.10", "192.0.2.0/24", "198.51.100.7"]
        };
        // istiod gives one of several addresses of a host to its proxies, and not always the same one.
        spec["addresses"] = json!([random.word(addresses)]);
    }
    if resolution == "STATIC" || (resolution.starts_with("DNS") && random.percent(30)) {
        spec["endpoints"] = endpoints(random, resolution, &ports);
    }
    if matches!(resolution, "STATIC" | "NONE" | "DNS") && random.percent(15) {
        // Its endpoints are pods instead.
        if let Some(fields) = spec.as_object_mut() {
            fields.shift_remove("endpoints");
        }
        spec["workloadSelector"] = json!({ "labels": pools.app(random) });
    }
    export(random, pools, &mut spec);
    let (namespace, name) = (pools.namespace(random), pools.name("entry"));
    object(random, "ServiceEntry", &namespace, &name, &spec)
}

fn resolution(random: &mut Random, is_wildcard: bool) -> &'static str {
    match random.below(20) {
        // Wildcards are not resolved; istiod refuses it.
        _ if is_wildcard && random.percent(95) => "NONE",
        0..=11 => "DNS",
        12..=13 => "DNS_ROUND_ROBIN",
        14..=16 => "STATIC",
        17..=18 => "NONE",
        _ => "",
    }
}

fn ports(random: &mut Random, pools: &Pools) -> Vec<Value> {
    let mut numbers = random.some(&pools.ports, 3);
    if random.percent(70) {
        numbers.extend([80, 443]);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let port = |(index, number): (usize, u16)| {
        let protocol = protocol(random, number);
        let mut port = json!({
            "number": number, "name": format!("{}-{index}", name(random, protocol)), "protocol": protocol,
        });
        if random.percent(5) {
            port["targetPort"] = pools.port(random).into();
        }
        port
    };
    numbers.into_iter().enumerate().map(port).collect()
}

/// What is mostly spoken on a port, and now and then anything.
pub(super) fn protocol(random: &mut Random, number: u16) -> &'static str {
    if random.percent(20) {
        return random.word(&["HTTP", "HTTPS", "TLS", "TCP", "GRPC", "HTTP2", "MONGO"]);
    }
    match number {
        80 | 8080 => random.word(&["HTTP", "HTTP", "HTTP", "HTTP2"]),
        443 | 8443 => random.word(&["TLS", "TLS", "HTTPS"]),
        _ => random.word(&["TCP", "TCP", "HTTP", "TLS", "MONGO"]),
    }
}

/// The protocol again, or a name that says nothing or something else.
fn name(random: &mut Random, protocol: &str) -> String {
    if random.percent(80) {
        protocol.to_lowercase()
    } else {
        random.word(&["port", "http", "tls", "tcp"]).to_owned()
    }
}

fn endpoints(random: &mut Random, resolution: &str, ports: &[Value]) -> Value {
    let addresses: &[&str] = if resolution == "STATIC" {
        &["192.0.2.20", "192.0.2.21", "198.51.100.9"]
    } else {
        &["edition.cnn.com", "backup.example.org", "192.0.2.30"]
    };
    let most = if resolution == "DNS_ROUND_ROBIN" { 1 } else { 2 };
    let chosen = random.some(addresses, most);
    let endpoint = |address: &&str| {
        let mut endpoint = json!({ "address": address });
        if random.percent(25)
            && let Some(name) = random.of_all(ports).and_then(|port| port.get("name")).and_then(Value::as_str)
        {
            endpoint["ports"] = json!({ name: random.below(2) + 8443 });
        }
        if random.percent(15) {
            endpoint["labels"] = json!({ "version": "v1" });
        }
        endpoint
    };
    chosen.iter().map(endpoint).collect()
}

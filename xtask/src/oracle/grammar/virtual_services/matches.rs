//! What a rule is for.

use serde_json::{Value, json};

use crate::oracle::{grammar::pools::Pools, random::Random};

/// A condition on requests.
pub(super) fn http_match(
    random: &mut Random,
    pools: &Pools,
    gateways: &[String],
    is_delegate: bool,
) -> Value {
    let mut condition = json!({});
    match random.below(12) {
        0..=2 => condition["uri"] = uri(random),
        3..=4 => condition["authority"] = authority(random, pools),
        5 => condition["headers"] = json!({ "x-version": { "exact": "2" } }),
        6 => condition["method"] = json!({ "exact": random.word(&["GET", "POST"]) }),
        7 => condition["scheme"] = json!({ "exact": random.word(&["http", "https"]) }),
        8 => condition["withoutHeaders"] = json!({ "x-version": {} }),
        _ => {}
    }
    if random.percent(60) {
        condition["port"] = pools.port(random).into();
    }
    if !is_delegate {
        source(random, pools, gateways, &mut condition);
    }
    if condition.as_object().is_some_and(serde_json::Map::is_empty) {
        condition["uri"] = uri(random);
    }
    condition
}

/// A condition on names of `ClientHello`s.
pub(super) fn tls_match(random: &mut Random, pools: &Pools, hosts: &[String], gateways: &[String]) -> Value {
    let mut names = Vec::new();
    for host in random.some(hosts, 2) {
        names.push(Pools::below(random, &host));
    }
    let mut condition = json!({ "sniHosts": names });
    connection(random, pools, gateways, &mut condition);
    condition
}

/// A condition on connections.
pub(super) fn tcp_match(random: &mut Random, pools: &Pools, gateways: &[String]) -> Value {
    let mut condition = json!({ "port": pools.port(random) });
    connection(random, pools, gateways, &mut condition);
    condition
}

fn connection(random: &mut Random, pools: &Pools, gateways: &[String], condition: &mut Value) {
    if random.percent(60) {
        condition["port"] = pools.port(random).into();
    }
    if random.percent(10) {
        condition["destinationSubnets"] =
            json!([random.word(&["192.0.2.0/24", "192.0.2.10", "10.96.0.0/16"])]);
    }
    source(random, pools, gateways, condition);
}

fn source(random: &mut Random, pools: &Pools, gateways: &[String], condition: &mut Value) {
    if random.percent(40) {
        condition["gateways"] = json!([random.text(gateways)]);
    }
    if random.percent(10) {
        condition["sourceLabels"] = pools.app(random);
    }
    if random.percent(10) {
        condition["sourceNamespace"] = random.text(&pools.namespaces).into();
    }
}

fn uri(random: &mut Random) -> Value {
    match random.below(5) {
        0..=1 => json!({ "prefix": "/" }),
        2 => json!({ "prefix": "/api" }),
        3 => json!({ "exact": "/" }),
        _ => json!({ "regex": "/.*" }),
    }
}

fn authority(random: &mut Random, pools: &Pools) -> Value {
    let host = random.text(&pools.hosts);
    let host = host.trim_start_matches("*.");
    match random.below(4) {
        0 => json!({ "exact": format!("{host}:8080") }),
        1 => json!({ "prefix": host }),
        2 => json!({ "regex": ".*" }),
        _ => json!({ "exact": host }),
    }
}

//! VirtualServices: the two legs of an egress, and rules with whatever matches and destinations there are.

use serde_json::{Value, json};

use super::{Pools, export, object};
use crate::oracle::random::Random;

mod actions;
mod matches;

use actions::http_action;
use matches::{http_match, tcp_match, tls_match};

/// The kinds of rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RuleKind {
    Http,
    Tls,
    Tcp,
}

impl RuleKind {
    fn any(random: &mut Random) -> Self {
        match random.below(20) {
            0..=9 => RuleKind::Http,
            10..=16 => RuleKind::Tls,
            _ => RuleKind::Tcp,
        }
    }

    fn field(self) -> &'static str {
        match self {
            RuleKind::Http => "http",
            RuleKind::Tls => "tls",
            RuleKind::Tcp => "tcp",
        }
    }

    /// The port that it is mostly spoken on.
    fn port(self, random: &mut Random, pools: &Pools) -> u16 {
        match self {
            RuleKind::Http if random.percent(80) => 80,
            RuleKind::Tls if random.percent(80) => 443,
            _ => pools.port(random),
        }
    }
}

/// From the callers to the gateway and from there to the host: in one object or in two.
pub(super) fn legs(random: &mut Random, pools: &mut Pools, host: &str) -> Vec<Value> {
    let gateway = random.of_all(&pools.gateways).cloned().unwrap_or_else(|| "istio-system/none".to_owned());
    let name = Pools::below(random, host);
    let mut protocols = vec![RuleKind::any(random)];
    if random.percent(40) {
        protocols.push(RuleKind::any(random));
    }
    let (mut first, mut second) = (json!({}), json!({}));
    for protocol in protocols {
        let port = protocol.port(random, pools);
        let service = pools.service(random);
        let (service_host, service_port) = (service.host(random), service.port(random));
        let mut to_gateway = json!({ "host": service_host, "port": { "number": service_port } });
        if random.percent(60) {
            to_gateway["subset"] = random.text(&pools.subsets).into();
        }
        let to_host = json!({ "host": name, "port": { "number": if random.percent(75) { port } else { protocol.port(random, pools) } } });
        let at_gateway = if random.percent(85) { service_port } else { port };
        push(&mut first, protocol, rule(protocol, "mesh", port, &name, &to_gateway));
        push(&mut second, protocol, rule(protocol, &gateway, at_gateway, &name, &to_host));
    }
    let namespace = pools.namespace(random);
    let mut spec = |random: &mut Random, gateways: Value, rules: &[&Value]| {
        let mut spec = json!({ "hosts": [name], "gateways": gateways });
        for (field, list) in rules.iter().filter_map(|rules| rules.as_object()).flatten() {
            let all = [spec.get(field).cloned().unwrap_or_else(|| json!([])), list.clone()];
            spec[field] = all.iter().filter_map(Value::as_array).flatten().cloned().collect();
        }
        export(random, pools, &mut spec);
        let made = pools.name("route");
        object(random, "VirtualService", &namespace, &made, &spec)
    };
    if random.percent(50) {
        return vec![spec(random, json!(["mesh", gateway]), &[&first, &second])];
    }
    vec![spec(random, json!(["mesh"]), &[&first]), spec(random, json!([gateway]), &[&second])]
}

fn push(rules: &mut Value, protocol: RuleKind, rule: Value) {
    let field = protocol.field();
    match rules.get_mut(field).and_then(Value::as_array_mut) {
        Some(list) => list.push(rule),
        None => rules[field] = json!([rule]),
    }
}

/// A rule as people write it.
fn rule(protocol: RuleKind, gateway: &str, port: u16, host: &str, destination: &Value) -> Value {
    let mut condition = json!({ "gateways": [gateway], "port": port });
    if protocol == RuleKind::Tls {
        condition["sniHosts"] = json!([host]);
    }
    json!({ "match": [condition], "route": [{ "destination": destination }] })
}

/// A VirtualService of any sort.
pub(super) fn make(random: &mut Random, pools: &mut Pools) -> Value {
    let is_delegate = random.percent(6);
    let mut hosts: Vec<String> = Vec::new();
    for host in random.some(&pools.hosts, 2) {
        hosts.push(Pools::below(random, &host));
    }
    if random.percent(10) {
        hosts = vec![pools.service(random).host(random)];
    }
    let mut gateways = random.some(&pools.gateways, 2);
    if gateways.is_empty() || random.percent(60) {
        gateways.push("mesh".to_owned());
    }
    let mut spec = json!({});
    if !is_delegate {
        spec["hosts"] = json!(hosts);
        if random.percent(80) {
            spec["gateways"] = json!(gateways);
        }
    }
    for _ in 0..random.between(1, 3) {
        let protocol = if is_delegate { RuleKind::Http } else { RuleKind::any(random) };
        let rule = any_rule(random, pools, protocol, &hosts, &gateways, is_delegate);
        push(&mut spec, protocol, rule);
    }
    export(random, pools, &mut spec);
    let (namespace, name) = (pools.namespace(random), pools.name("route"));
    if is_delegate {
        pools.delegates.push(format!("{namespace}/{name}"));
    }
    object(random, "VirtualService", &namespace, &name, &spec)
}

fn any_rule(
    random: &mut Random,
    pools: &Pools,
    protocol: RuleKind,
    hosts: &[String],
    gateways: &[String],
    is_delegate: bool,
) -> Value {
    let mut conditions = Vec::new();
    // Rules for TLS need a name; others may match everything.
    let least = usize::from(protocol == RuleKind::Tls);
    for _ in 0..random.between(least, 2) {
        conditions.push(match protocol {
            RuleKind::Http => http_match(random, pools, gateways, is_delegate),
            RuleKind::Tls => tls_match(random, pools, hosts, gateways),
            RuleKind::Tcp => tcp_match(random, pools, gateways),
        });
    }
    let mut rule = if protocol == RuleKind::Http {
        http_action(random, pools, is_delegate)
    } else {
        let destinations = actions::destinations(random, pools);
        json!({ "route": destinations })
    };
    if !conditions.is_empty() {
        rule["match"] = conditions.into();
    }
    rule
}

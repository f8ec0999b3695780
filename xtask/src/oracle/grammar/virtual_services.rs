//! VirtualServices: the two legs of an egress, and rules with whatever matches and destinations there are.

use serde_json::{Value, json};

use super::{
    objects::{export, object},
    pools::Pools,
};
use crate::oracle::{cluster::word, random::Random};

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
}

fn push(object: &mut Value, field: &str, item: Value) {
    match object.get_mut(field).and_then(Value::as_array_mut) {
        Some(list) => list.push(item),
        None => object[field] = json!([item]),
    }
}

/// A VirtualService of any sort.
pub(super) fn make(random: &mut Random, pools: &mut Pools) -> Value {
    let is_delegate = random.percent(6);
    of(random, pools, is_delegate)
}

/// A VirtualService whose rules leave it to others what to do, and the others.
pub(super) fn delegation(random: &mut Random, pools: &mut Pools) -> Vec<Value> {
    let mut made: Vec<Value> = (0..random.between(1, 2)).map(|_| of(random, pools, true)).collect();
    let mut root = of(random, pools, false);
    let namespace = word(&root, "/metadata/namespace").to_owned();
    let gateways = root.pointer("/spec/gateways").and_then(Value::as_array).cloned().unwrap_or_default();
    let gateways: Vec<String> = gateways.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let rule = |random: &mut Random| {
        let delegate = random.text(&pools.delegates);
        let (owner, name) = delegate.split_once('/').unwrap_or_default();
        let mut rule = json!({ "delegate": { "name": name } });
        if owner != namespace || random.percent(50) {
            rule["delegate"]["namespace"] = owner.into();
        }
        for _ in 0..random.between(0, 2) {
            let condition = http_match(random, pools, &gateways, false);
            push(&mut rule, "match", condition);
        }
        if random.percent(20) {
            rule["rewrite"] = json!({ "authority": random.text(&pools.hosts).trim_start_matches("*.") });
        }
        rule
    };
    let rules: Vec<Value> = (0..random.between(1, 2)).map(|_| rule(random)).collect();
    let others = root.pointer("/spec/http").and_then(Value::as_array).cloned().unwrap_or_default();
    root["spec"]["http"] = rules.into_iter().chain(others).collect();
    made.push(root);
    made
}

fn of(random: &mut Random, pools: &mut Pools, is_delegate: bool) -> Value {
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
        push(&mut spec, protocol.field(), rule);
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

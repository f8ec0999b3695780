//! VirtualServices: the two legs of an egress, and rules with whatever matches and destinations there are.

use serde_json::{Value, json};

use super::{
    objects::{export, object},
    pools::Pools,
};
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
}

fn push(rules: &mut Value, protocol: RuleKind, rule: Value) {
    let field = protocol.field();
    match rules.get_mut(field).and_then(Value::as_array_mut) {
        Some(list) => list.push(rule),
        None => rules[field] = json!([rule]),
    }
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

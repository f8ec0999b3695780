//! AuthorizationPolicies at gateways and waypoints. Knows fields that connections have and fields that only requests have.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::random::Random;

/// A policy for pods of gateways: those of a selector, or all of a namespace.
pub(super) fn at_gateway(random: &mut Random, pools: &mut Pools) -> Value {
    let service = pools.service(random);
    let mut spec = decision(random, pools);
    if random.percent(60) {
        spec["selector"] = json!({ "matchLabels": { "istio": service.selector["istio"] } });
    }
    let namespace = if random.percent(80) { service.namespace } else { pools.namespace(random) };
    object(pools, &namespace, &spec)
}

/// A policy with a target: an entry, a waypoint, or all waypoints.
pub(super) fn at_waypoint(
    random: &mut Random,
    pools: &mut Pools,
    (namespace, waypoint): (&str, &str),
    entry: Option<(&str, &str)>,
) -> Value {
    let mut spec = decision(random, pools);
    let (owner, group, kind, name) = match (random.below(4), entry) {
        (0..=1, Some((owner, name))) => (owner, "networking.istio.io", "ServiceEntry", name),
        (2, _) => ("istio-system", "gateway.networking.k8s.io", "GatewayClass", "istio-waypoint"),
        _ => (namespace, "gateway.networking.k8s.io", "Gateway", waypoint),
    };
    spec["targetRefs"] = json!([{ "group": group, "kind": kind, "name": name }]);
    object(pools, owner, &spec)
}

fn object(pools: &mut Pools, namespace: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": { "name": pools.name("policy"), "namespace": namespace },
        "spec": spec,
    })
}

/// What is allowed or denied.
fn decision(random: &mut Random, pools: &Pools) -> Value {
    let action = random.word(&["ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "AUDIT"]);
    let rules: Vec<Value> = (0..random.between(1, 2)).map(|_| rule(random, pools)).collect();
    match random.below(12) {
        // Without rules nothing matches; with an empty one everything does.
        0 => json!({ "action": action }),
        1 => json!({ "action": action, "rules": [{}] }),
        _ => json!({ "action": action, "rules": rules }),
    }
}

fn rule(random: &mut Random, pools: &Pools) -> Value {
    let mut rule = json!({});
    if random.percent(60) {
        let namespace = pools.namespace(random);
        let field = if random.percent(80) { "namespaces" } else { "notNamespaces" };
        let source = match random.below(3) {
            0 => json!({ "principals": [format!("cluster.local/ns/{namespace}/sa/default")] }),
            1 => json!({ "serviceAccounts": [format!("{namespace}/default")] }),
            _ => json!({ field: [namespace] }),
        };
        rule["from"] = json!([{ "source": source }]);
    }
    if random.percent(60) {
        let host = random.text(&pools.hosts);
        let host = if host.starts_with('*') { host.replace("*.", "*") } else { host };
        let field = if random.percent(80) { "hosts" } else { "notHosts" };
        let port = random.word(&["8080", "8443", "443", "80"]);
        let operation = match random.below(4) {
            0 => json!({ "ports": [port] }),
            1 => json!({ "methods": [random.word(&["GET", "POST"])] }),
            _ => json!({ field: [host, format!("{host}:*")] }),
        };
        rule["to"] = json!([{ "operation": operation }]);
    }
    if random.percent(25) {
        let host = random.text(&pools.hosts);
        let field = if random.percent(80) { "values" } else { "notValues" };
        rule["when"] = json!([{ "key": "connection.sni", field: [host.replace("*.", "*")] }]);
    }
    rule
}

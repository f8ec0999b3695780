//! The routes of an egress: from callers to the gateway, and from there to the host. And the grants that they need.

use serde_json::{Value, json};

use super::{ApiEgress, SLIPS, object};
use crate::oracle::grammar::pools::Pools;
use crate::oracle::random::Random;

/// The objects of an egress beside its entry and its gateway.
pub(super) fn make(random: &mut Random, pools: &mut Pools, egress: &ApiEgress) -> Vec<Value> {
    let gateway = &egress.gateway;
    let Some((port, protocol, section)) = random.of_all(&gateway.listeners).cloned() else {
        return Vec::new();
    };
    let kind = match protocol {
        "TCP" => "TCPRoute",
        "TLS" => random.word(&["TLSRoute", "TLSRoute", "TCPRoute"]),
        _ => random.word(&["HTTPRoute", "HTTPRoute", "HTTPRoute", "GRPCRoute"]),
    };
    let kind = if random.percent(SLIPS) { random.word(&["HTTPRoute", "TLSRoute", "TCPRoute"]) } else { kind };
    let mut objects = Vec::new();
    // Of the callers.
    let owner = if random.percent(70) { egress.entry.0.clone() } else { pools.namespace(random) };
    let mut parent =
        json!({ "group": "networking.istio.io", "kind": "ServiceEntry", "name": egress.entry.1 });
    if owner != egress.entry.0 {
        parent["namespace"] = egress.entry.0.as_str().into();
    }
    if random.percent(40) {
        parent["port"] = egress.port.into();
    }
    if random.percent(SLIPS) {
        parent["group"] = random.word(&["", "gateway.networking.k8s.io"]).into();
    }
    let number = if random.percent(SLIPS) { pools.port(random) } else { port };
    let mut to = json!({ "name": gateway.service, "port": number });
    if owner != gateway.namespace {
        to["namespace"] = gateway.namespace.as_str().into();
    }
    let spec = json!({ "parentRefs": [parent], "rules": rules(random, pools, kind, &to) });
    objects.push(route(random, pools, kind, &owner, spec));
    // Of the gateway.
    let owner = if random.percent(60) { gateway.namespace.clone() } else { egress.entry.0.clone() };
    let (home, mut parent) = match &gateway.set {
        Some((namespace, name)) => (namespace, json!({ "kind": "ListenerSet", "name": name })),
        None => (&gateway.namespace, json!({ "name": gateway.name })),
    };
    if owner != *home {
        parent["namespace"] = home.as_str().into();
    }
    if random.percent(40) {
        parent["sectionName"] =
            if random.percent(SLIPS) { "section-9".into() } else { section.as_str().into() };
    }
    if random.percent(20) {
        parent["port"] = port.into();
    }
    let to = match random.below(10) {
        0 => json!({ "name": "backend", "port": 80 }),
        1 => {
            let service = pools.service(random);
            let granted = random.percent(50).then(|| grant(random, pools, kind, &owner, &service.namespace));
            objects.extend(granted);
            json!({ "name": service.name, "namespace": service.namespace, "port": service.port(random) })
        }
        _ => json!({
            "group": "networking.istio.io", "kind": "Hostname", "name": egress.host, "port": egress.port,
        }),
    };
    let mut spec = json!({ "parentRefs": [parent], "rules": rules(random, pools, kind, &to) });
    let needs_name = kind == "TLSRoute" || random.percent(80);
    if kind != "TCPRoute" && needs_name {
        let named = if random.percent(20) { random.text(&pools.hosts) } else { egress.host.clone() };
        spec["hostnames"] = json!([named]);
    }
    objects.push(route(random, pools, kind, &owner, spec));
    objects
}

fn route(random: &mut Random, pools: &mut Pools, kind: &str, namespace: &str, mut spec: Value) -> Value {
    if ["HTTPRoute", "GRPCRoute"].contains(&kind) && random.percent(SLIPS) {
        spec["hostnames"] = json!([random.text(&pools.hosts)]);
    }
    let name = pools.name(&kind.to_lowercase());
    object(random, kind, namespace, &name, &spec)
}

fn grant(random: &mut Random, pools: &mut Pools, kind: &str, from: &str, to: &str) -> Value {
    let spec = json!({
        "from": [{ "group": "gateway.networking.k8s.io", "kind": kind, "namespace": from }],
        "to": [{ "group": "", "kind": "Service" }],
    });
    let name = pools.name("grant");
    object(random, "ReferenceGrant", to, &name, &spec)
}

/// One rule, or several with different matches.
fn rules(random: &mut Random, pools: &Pools, kind: &str, to: &Value) -> Value {
    let is_http = kind == "HTTPRoute";
    let count = if ["HTTPRoute", "GRPCRoute"].contains(&kind) && random.percent(30) { 2 } else { 1 };
    let mut rules = Vec::new();
    for _ in 0..count {
        let mut backends = vec![to.clone()];
        if random.percent(10) {
            let other = random.text(&pools.hosts);
            backends.push(json!({ "group": "networking.istio.io", "kind": "Hostname", "name": other, "port": 80, "weight": random.between(0, 2) }));
        }
        if random.percent(SLIPS) {
            backends[0]["weight"] = 0.into();
        }
        let mut rule = json!({ "backendRefs": backends });
        if is_http {
            if random.percent(40) {
                rule["matches"] = json!([match_of_http(random)]);
            }
            if random.percent(20) {
                rule["filters"] = json!([filter(random, pools)]);
            }
        } else if kind == "GRPCRoute" && random.percent(30) {
            rule["matches"] = json!([{ "method": { "service": "shop.Orders" } }]);
        }
        rules.push(rule);
    }
    rules.into()
}

fn match_of_http(random: &mut Random) -> Value {
    let (way, value) = *random
        .of_all(&[("PathPrefix", "/"), ("PathPrefix", "/news"), ("Exact", "/"), ("RegularExpression", "/.*")])
        .unwrap_or(&("PathPrefix", "/"));
    let mut matched = json!({ "path": { "type": way, "value": value } });
    match random.below(5) {
        0 => matched["headers"] = json!([{ "name": "x-team", "value": "shop" }]),
        1 => matched["method"] = random.word(&["GET", "POST"]).into(),
        2 => matched["queryParams"] = json!([{ "name": "page", "value": "1" }]),
        _ => {}
    }
    matched
}

fn filter(random: &mut Random, pools: &Pools) -> Value {
    let host = random.text(&pools.hosts);
    let host = host.trim_start_matches("*.");
    match random.below(4) {
        0 => json!({ "type": "RequestRedirect", "requestRedirect": { "hostname": host } }),
        1 => json!({ "type": "URLRewrite", "urlRewrite": { "hostname": host } }),
        2 => {
            let header = json!({ "name": random.word(&["Host", "x-team"]), "value": host });
            json!({ "type": "RequestHeaderModifier", "requestHeaderModifier": { "set": [header] } })
        }
        _ => json!({ "type": "ResponseHeaderModifier", "responseHeaderModifier": { "remove": ["x-team"] } }),
    }
}

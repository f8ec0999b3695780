//! The Secrets that the objects of an egress name: a live diagnosis requests only these.
//!
//! Knows the fields with names of Secrets, and the namespaces in which proxies look for them. Does not read their
//! content.

use std::collections::BTreeSet;

use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::Snapshot;
use serde_json::Value;

/// The Secrets that Gateway objects and DestinationRules name, by namespace and name. A proxy looks in its own namespace
/// (`pilot/pkg/credentials`), so that the namespaces are those of the gateways and that of the object, whose sidecars may
/// use it as well. The authority's certificate may be in a Secret of its own, `NAME-cacert`.
pub fn wanted_secrets(snapshot: &Snapshot) -> BTreeSet<(String, String)> {
    let gateways = snapshot.gateways.iter().map(|gateway| gateway.name.namespace.as_str());
    let gateways: BTreeSet<&str> = gateways.collect();
    let mut wanted = BTreeSet::new();
    for resource in &snapshot.resources {
        for name in names(resource) {
            let (namespace, name) = match name.strip_prefix("kubernetes-gateway://") {
                Some(path) => match path.split_once('/') {
                    Some((namespace, name)) => (Some(namespace), name),
                    None => continue,
                },
                None => (None, name.strip_prefix("kubernetes://").unwrap_or(&name)),
            };
            let own = namespace.unwrap_or(&resource.id.namespace);
            let others = gateways.iter().copied().filter(|_| namespace.is_none());
            for place in others.chain([own]) {
                wanted.insert((place.to_owned(), name.to_owned()));
                if !name.ends_with("-cacert") {
                    wanted.insert((place.to_owned(), format!("{name}-cacert")));
                }
            }
        }
    }
    wanted
}

/// Every `credentialName` of an object, at any depth.
fn names(resource: &Resource) -> BTreeSet<String> {
    let policies: Vec<Value> = match &resource.spec {
        Spec::Gateway(spec) => {
            let servers = spec.servers.iter().flatten();
            servers.filter_map(|server| serde_json::to_value(server.tls.as_ref()?).ok()).collect()
        }
        Spec::DestinationRule(spec) => {
            let subsets = spec.subsets.iter().flatten();
            let of_subsets =
                subsets.filter_map(|subset| serde_json::to_value(subset.traffic_policy.as_ref()?).ok());
            let own = spec.traffic_policy.as_ref().and_then(|policy| serde_json::to_value(policy).ok());
            of_subsets.chain(own).collect()
        }
        Spec::ServiceEntry(_) | Spec::VirtualService(_) | Spec::Sidecar(_) | Spec::Untyped(_) => {
            return BTreeSet::new();
        }
    };
    let mut found = BTreeSet::new();
    for policy in &policies {
        collect(policy, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("credentialName" | "caCertCredentialName", Value::String(name)) if !name.is_empty() => {
                        found.insert(name.clone());
                    }
                    ("credentialNames", Value::Array(names)) => {
                        found.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    (_, value) => collect(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use egress_core::intent::GatewayName;
    use egress_core::snapshot::GatewayFacts;
    use serde_json::json;

    use super::*;

    fn rule(policy: &Value) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": {"name": "origination", "namespace": "shop"},
            "spec": {"host": "edition.cnn.com", "trafficPolicy": policy},
        }))
        .unwrap()
    }

    fn wanted(policy: &Value) -> Vec<String> {
        let gateway = GatewayFacts {
            name: GatewayName { namespace: "istio-system".to_owned(), service: "egress".to_owned() },
            ..GatewayFacts::stock()
        };
        let snapshot =
            Snapshot { gateways: vec![gateway], resources: vec![rule(policy)], ..Snapshot::default() };
        let found = wanted_secrets(&snapshot).into_iter();
        found.map(|(namespace, name)| format!("{namespace}/{name}")).collect()
    }

    #[test]
    fn a_secret_is_looked_for_beside_the_gateway_and_beside_the_rule() {
        let mutual = json!({"mode": "MUTUAL", "credentialName": "client"});
        let expected =
            ["istio-system/client", "istio-system/client-cacert", "shop/client", "shop/client-cacert"];
        assert_eq!(wanted(&json!({"tls": mutual})), expected);
        let by_port = json!({"portLevelSettings": [{"port": {"number": 443}, "tls": mutual}]});
        assert_eq!(wanted(&by_port), expected);
        assert!(wanted(&json!({"tls": {"mode": "SIMPLE"}})).is_empty());
    }
}

//! BackendTLSPolicies: DestinationRules that open TLS to a backend.
//!
//! Follows `BackendTLSPolicyCollection` and `DestinationRuleCollection` in `backend_policies.go`. Open stays what needs a
//! certificate of a ConfigMap, which may not be there, and what istiod merges with another rule for the same host.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::facts::ApiFacts;
use super::listeners::SUFFIX;
use super::made::{ApiOrigin, Draft, MadeObjects};
use super::value::{list, text};
use crate::related_resources::GatewayApiObject;

/// The annotation by which istiod leaves a policy out.
const IGNORED: &str = "istio.io/ignore-policy-attachment";

/// What policies are about: kind, namespace and name.
type PolicyTarget<'a> = (&'a str, &'a str, &'a str);

/// Adds the DestinationRules of all policies.
pub(super) fn add(facts: &ApiFacts<'_>, made: &mut MadeObjects) {
    let is_read = |policy: &&GatewayApiObject| {
        !policy.object.annotations.get(IGNORED).is_some_and(|word| word.eq_ignore_ascii_case("true"))
    };
    let mut policies: Vec<&GatewayApiObject> = facts.of_kind("BackendTLSPolicy").filter(is_read).collect();
    policies.sort_by_key(|policy| (age(policy), &policy.object.namespace, &policy.object.name));
    let mut rules: BTreeMap<(PolicyTarget<'_>, String), Vec<(&GatewayApiObject, &str)>> = BTreeMap::new();
    for policy in &policies {
        for reference in list(&policy.object.spec, "targetRefs") {
            let Some((target, hosts, ports)) = target(facts, policy, reference) else { continue };
            let section = text(reference, "sectionName").unwrap_or_default();
            let is_known = section.is_empty() || ports.iter().any(|(name, _)| *name == section);
            if !is_known || is_outdone(policy, reference, &policies) {
                continue;
            }
            for host in hosts {
                rules.entry((target, host)).or_default().push((policy, section));
            }
        }
    }
    let mut known = BTreeSet::new();
    for ((target, host), policies) in rules {
        let Some((first, _)) = policies.first() else { continue };
        let (_, namespace, _) = target;
        let is_alone = known.insert((namespace, host.clone())) && !facts.has_rule(namespace, &host);
        if !is_alone || policies.iter().any(|(policy, _)| needs_certificate(policy)) {
            made.open_hosts.insert(host, ApiOrigin::of(first));
            continue;
        }
        made.add_rule(draft(facts, target, &host, &policies));
    }
}

fn age(policy: &GatewayApiObject) -> Timestamp {
    policy.object.created.unwrap_or(Timestamp::MIN)
}

/// What a reference names: the object, its hosts in full, and its ports.
type FoundTarget<'a> = (PolicyTarget<'a>, Vec<String>, Vec<(&'a str, i64)>);

fn target<'a>(
    facts: &ApiFacts<'a>,
    policy: &'a GatewayApiObject,
    reference: &'a Value,
) -> Option<FoundTarget<'a>> {
    let namespace = policy.object.namespace.as_str();
    let name = text(reference, "name")?;
    match (text(reference, "group").unwrap_or_default(), text(reference, "kind")?) {
        ("", "Service") => {
            let ports = facts.ports_of_service(namespace, name)?;
            Some((("Service", namespace, name), vec![facts.service_host(namespace, name)], ports))
        }
        ("networking.istio.io", "ServiceEntry") => {
            let hosts = facts.hosts_of_entry(namespace, name)?.to_vec();
            Some((("ServiceEntry", namespace, name), hosts, facts.ports_of_entry(namespace, name)))
        }
        _ => None,
    }
}

/// Whether another policy for the same part of the same object comes first. `btlsIsConflicted`.
fn is_outdone(policy: &GatewayApiObject, reference: &Value, all: &[&GatewayApiObject]) -> bool {
    let part = |reference: &Value| {
        ["group", "kind", "name", "sectionName"].map(|field| text(reference, field).map(str::to_owned))
    };
    let wanted = part(reference);
    let rank = |policy: &GatewayApiObject| (age(policy), policy.object.name.clone());
    all.iter().any(|other| {
        other.object.namespace == policy.object.namespace
            && rank(other) < rank(policy)
            && list(&other.object.spec, "targetRefs").iter().any(|it| part(it) == wanted)
    })
}

fn needs_certificate(policy: &GatewayApiObject) -> bool {
    let validation = validation(policy);
    text(validation, "wellKnownCACertificates").is_none() && !list(validation, "caCertificateRefs").is_empty()
}

fn validation(policy: &GatewayApiObject) -> &Value {
    policy.object.spec.get("validation").unwrap_or(&Value::Null)
}

fn draft(
    facts: &ApiFacts<'_>,
    (kind, namespace, name): PolicyTarget<'_>,
    host: &str,
    policies: &[(&GatewayApiObject, &str)],
) -> Draft {
    let ports = match kind {
        "Service" => facts.ports_of_service(namespace, name).unwrap_or_default(),
        _ => facts.ports_of_entry(namespace, name),
    };
    let mut settings = Map::new();
    let mut of_ports: BTreeMap<&str, Value> = BTreeMap::new();
    for (policy, section) in policies {
        let tls =
            json!({ "mode": "SIMPLE", "sni": text(validation(policy), "hostname").unwrap_or_default() });
        if section.is_empty() {
            settings.entry("tls").or_insert(tls);
            continue;
        }
        let number = ports.iter().find(|(name, _)| name == section).map(|(_, number)| *number);
        of_ports.entry(section).or_insert_with(|| json!({ "port": { "number": number }, "tls": tls }));
    }
    if !of_ports.is_empty() {
        settings.insert("portLevelSettings".to_owned(), of_ports.into_values().collect());
    }
    let own = match kind {
        "ServiceEntry" => format!("{name}~{}~{SUFFIX}", host.replace('.', "-")),
        _ => format!("{name}~{SUFFIX}"),
    };
    Draft {
        namespace: namespace.to_owned(),
        name: own,
        created: None,
        spec: json!({ "host": host, "trafficPolicy": settings }),
        origins: policies.iter().map(|(policy, _)| ApiOrigin::of(policy)).collect(),
        is_open: false,
    }
}

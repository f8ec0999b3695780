//! Which DestinationRules speak for a Service when the pods of one namespace call it.
//!
//! Follows `destinationRule` and `setDestinationRules` in `pilot/pkg/model/push_context.go`, `mergeDestinationRule` in
//! `pilot/pkg/model/destination_rule.go`. Knows nothing of what the rules say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use egress_istio::destination_rule::DestinationRuleSubsets;

use super::host_matches;
use crate::istio::simulation::destination_rules::RuleIndex;
use crate::resource::Resource;
use crate::snapshot::MeshFacts;

/// A Service as callers name it.
#[derive(Clone, Copy, Debug)]
pub struct ServiceHost<'a> {
    /// Its full name in the mesh.
    pub host: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
}

/// The rules that a sidecar of the namespace `client` uses for a Service, oldest first; istiod merges exactly these.
///
/// The client's namespace is asked first, then the Service's, then the root namespace; the first that has any match
/// decides, even where what it says is less than what the next would have said. Within a namespace an exact host beats
/// a wildcard. Rules of one host merge when their `exportTo` is the same; otherwise **the youngest hides the others**.
pub fn destination_rules<'a>(
    rules: impl IntoIterator<Item = &'a Resource>,
    mesh: &'a MeshFacts,
    destination: ServiceHost<'_>,
    client: &str,
) -> Vec<&'a Resource> {
    let covers = |rule: &&Resource| {
        let spec = rule.destination_rule().filter(|spec| spec.workload_selector.is_none());
        spec.is_some_and(|spec| {
            host_matches(&in_full(&spec.host, &rule.id.namespace, mesh), destination.host)
        })
    };
    let index = RuleIndex::new(rules.into_iter().filter(covers), mesh, true);
    index.of(destination.host, destination.namespace, client, &BTreeMap::new())
}

/// The subset of that name in rules that [`destination_rules`] gave, and the rule that holds it.
pub fn subset<'a>(rules: &[&'a Resource], name: &str) -> Option<(&'a Resource, &'a DestinationRuleSubsets)> {
    rules.iter().find_map(|rule| {
        let subsets = rule.destination_rule()?.subsets.iter().flatten();
        subsets.into_iter().find(|subset| subset.name == name).map(|subset| (*rule, subset))
    })
}

/// The host of a rule in full: a name without a dot means a Service of the rule's namespace.
/// `ResolveShortnameToFQDN` in `pilot/pkg/model/virtualservice.go`.
pub fn full_host(host: &str, namespace: &str, mesh: &MeshFacts) -> String {
    in_full(host, namespace, mesh).into_owned()
}

/// The same, without a copy of a host that is written in full.
pub(crate) fn in_full<'h>(host: &'h str, namespace: &str, mesh: &MeshFacts) -> Cow<'h, str> {
    if host == "*" || host.contains('.') {
        return host.into();
    }
    format!("{host}.{namespace}.svc.{}", mesh.cluster_domain).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GATEWAY: ServiceHost<'_> =
        ServiceHost { host: "egress.istio-system.svc.cluster.local", namespace: "istio-system" };

    /// A rule created in minute `age`, with one subset of its own name.
    fn rule(namespace: &str, name: &str, age: u8, host: &str, export_to: &[&str]) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": {
                "name": name, "namespace": namespace, "uid": name,
                "creationTimestamp": format!("2026-01-01T00:{age:02}:00Z"),
            },
            "spec": { "host": host, "exportTo": export_to, "subsets": [{ "name": name }] },
        }))
        .unwrap()
    }

    /// Names of the rules that count for the pods of `client`.
    fn count_for(client: &str, rules: &[Resource]) -> Vec<String> {
        let mesh = MeshFacts::default();
        let found = destination_rules(rules, &mesh, GATEWAY, client);
        found.iter().map(|rule| rule.id.name.clone()).collect()
    }

    #[test]
    fn the_clients_namespace_hides_the_services() {
        let rules = [
            rule("istio-system", "pair", 1, GATEWAY.host, &["*"]),
            rule("shop", "own", 2, GATEWAY.host, &["."]),
        ];
        assert_eq!(count_for("shop", &rules), ["own"]);
        assert_eq!(count_for("billing", &rules), ["pair"]);
    }

    #[test]
    fn a_wildcard_in_the_clients_namespace_hides_the_exact_rule_elsewhere() {
        let rules =
            [rule("istio-system", "pair", 1, GATEWAY.host, &[]), rule("shop", "all", 2, "*.local", &[])];
        assert_eq!(count_for("shop", &rules), ["all"]);
    }

    #[test]
    fn in_one_namespace_the_exact_host_beats_the_wildcard() {
        let rules = [
            rule("istio-system", "all", 2, "*.svc.cluster.local", &[]),
            rule("istio-system", "pair", 1, "egress", &[]),
        ];
        assert_eq!(count_for("shop", &rules), ["pair"]);
    }

    #[test]
    fn rules_with_equal_export_to_merge_and_a_younger_one_with_another_hides_them() {
        let mut rules = vec![
            rule("istio-system", "pair", 1, GATEWAY.host, &["*"]),
            rule("istio-system", "more", 2, GATEWAY.host, &["*"]),
        ];
        assert_eq!(count_for("shop", &rules), ["pair", "more"]);
        rules.push(rule("istio-system", "named", 3, GATEWAY.host, &["shop"]));
        assert_eq!(count_for("shop", &rules), ["named"]);
        assert_eq!(count_for("billing", &rules), ["pair", "more"]);
    }

    #[test]
    fn a_private_rule_of_another_namespace_does_not_count() {
        let rules = [
            rule("default", "seed", 1, GATEWAY.host, &[]),
            rule("istio-system", "private", 2, GATEWAY.host, &["."]),
        ];
        assert_eq!(count_for("shop", &rules), Vec::<String>::new());
        assert_eq!(count_for("istio-system", &rules), ["private"]);
    }

    #[test]
    fn the_root_namespace_is_asked_last() {
        let root = MeshFacts { root_namespace: "mesh-root".to_owned(), ..MeshFacts::default() };
        let rules = [
            rule("mesh-root", "defaults", 1, "*.local", &[]),
            rule("istio-system", "pair", 2, GATEWAY.host, &["billing"]),
        ];
        let names = |client| -> Vec<String> {
            destination_rules(&rules, &root, GATEWAY, client)
                .iter()
                .map(|rule| rule.id.name.clone())
                .collect()
        };
        assert_eq!(names("billing"), ["pair"]);
        assert_eq!(names("shop"), ["defaults"]);
    }

    #[test]
    fn a_subset_is_found_in_any_of_the_merged_rules() {
        let rules = [
            rule("istio-system", "pair", 1, GATEWAY.host, &[]),
            rule("istio-system", "more", 2, GATEWAY.host, &[]),
        ];
        let mesh = MeshFacts::default();
        let merged = destination_rules(&rules, &mesh, GATEWAY, "shop");
        assert_eq!(subset(&merged, "more").map(|(rule, _)| rule.id.name.as_str()), Some("more"));
        assert!(subset(&merged, "mesh").is_none());
    }
}

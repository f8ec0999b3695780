//! Which ServiceEntry a proxy uses for a host that several declare.
//!
//! Follows `selectServices` in `pilot/pkg/model/sidecar.go`. Knows nothing of Kubernetes Services, which come before
//! entries of other namespaces: no host outside the mesh is one.

use super::{exported_to, host_matches, seniority};
use crate::resource::Resource;

/// The entries of a host that the namespace `viewer` sees, in order of precedence: its own, then by age. Proxies of
/// that namespace use the first; **ports that only later ones declare do not exist for them**.
pub fn service_entries<'a>(
    entries: impl IntoIterator<Item = &'a Resource>,
    host: &str,
    viewer: &str,
) -> Vec<&'a Resource> {
    let covers = |resource: &&Resource| {
        resource.service_entry().is_some_and(|spec| spec.hosts.iter().any(|found| host_matches(found, host)))
    };
    let covering = entries.into_iter().filter(covers);
    let (exact, wildcards): (Vec<_>, Vec<_>) = covering.partition(|entry| is_exact(entry, host));
    [in_precedence(exact, viewer), in_precedence(wildcards, viewer)].concat()
}

/// Of entries that all declare one host in full, or all by a wildcard: those that the namespace `viewer` sees, in order
/// of precedence.
pub fn in_precedence<'a>(entries: impl IntoIterator<Item = &'a Resource>, viewer: &str) -> Vec<&'a Resource> {
    let sees = |resource: &&Resource| {
        resource
            .service_entry()
            .is_some_and(|spec| exported_to(spec.export_to.as_deref(), &resource.id.namespace, viewer))
    };
    let mut found: Vec<&Resource> = entries.into_iter().filter(sees).collect();
    let rank = |resource: &Resource| resource.id.namespace != viewer;
    found.sort_by(|left, right| (rank(left), seniority(left)).cmp(&(rank(right), seniority(right))));
    found
}

/// Whether an entry declares the host itself, not only a wildcard over it.
pub fn is_exact(entry: &Resource, host: &str) -> bool {
    entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|found| found.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(namespace: &str, age: u8, host: &str, export_to: &[&str]) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": {
                "name": "entry", "namespace": namespace, "uid": namespace,
                "creationTimestamp": format!("2026-01-01T00:{age:02}:00Z"),
            },
            "spec": { "hosts": [host], "exportTo": export_to },
        }))
        .unwrap()
    }

    fn seen_by(viewer: &str, entries: &[Resource]) -> Vec<String> {
        let found = service_entries(entries, "edition.cnn.com", viewer);
        found.iter().map(|entry| entry.id.namespace.clone()).collect()
    }

    #[test]
    fn the_own_entry_comes_first_then_the_oldest() {
        let entries = [
            entry("young", 3, "edition.cnn.com", &[]),
            entry("old", 1, "edition.cnn.com", &[]),
            entry("shop", 4, "edition.cnn.com", &["."]),
        ];
        assert_eq!(seen_by("shop", &entries), ["shop", "old", "young"]);
        assert_eq!(seen_by("istio-system", &entries), ["old", "young"]);
    }

    #[test]
    fn an_exact_entry_comes_before_a_wildcard() {
        let entries = [entry("shop", 1, "*.cnn.com", &[]), entry("old", 2, "edition.cnn.com", &[])];
        assert_eq!(seen_by("shop", &entries), ["old", "shop"]);
    }
}

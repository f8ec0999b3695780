//! Which ServiceEntry a proxy uses for a host that several declare.
//!
//! Follows `initServiceRegistry` and `servicesExportedToNamespace` in `pilot/pkg/model/push_context.go`, and
//! `selectServices` and `DefaultSidecarScopeForGateway` in `pilot/pkg/model/sidecar.go`. Knows nothing of Kubernetes
//! Services, which come before entries of other namespaces: no host outside the mesh is one.

use egress_istio::service_entry::{ServiceEntryResolution, ServiceEntrySpec};
use jiff::Timestamp;

use super::{exported_to, host_matches};
use crate::resource::Resource;

/// The entries of a host that the namespace `viewer` sees, in order of precedence: its own, then those that are exported
/// to it by name, then those that everybody sees; by age among equals. Sidecars of that namespace use the first; **ports
/// that only later ones declare do not exist for them**.
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
    let key = |resource| (is_of(resource, viewer), creation_order(resource));
    found.sort_by(|left, right| key(left).cmp(&key(right)));
    found
}

/// Of entries that all declare one host in full: those that a gateway in the namespace `gateway` sees, in order of
/// precedence. Its pods use the first. **Their own namespace has no precedence**: an entry that is exported to it by name
/// comes before one that everybody sees, and among equals the older one wins, whoever wrote it.
/// `DefaultSidecarScopeForGateway`.
pub fn at_gateway<'a>(entries: impl IntoIterator<Item = &'a Resource>, gateway: &str) -> Vec<&'a Resource> {
    let mut found = in_precedence(entries, gateway);
    found.sort_by(|left, right| creation_order(left).cmp(&creation_order(right)));
    found
}

/// 0 for the own entries of a namespace, 1 for all others.
fn is_of(resource: &Resource, viewer: &str) -> u8 {
    u8::from(resource.id.namespace != viewer)
}

/// Those that name whom they are for come before those for everybody; then the older ones, an entry that does not exist
/// yet last; then by namespace, since the times of Kubernetes are whole seconds. `SortServicesByCreationTime` compares
/// the host before the namespace, which is the same here.
fn creation_order(resource: &Resource) -> (bool, bool, Option<Timestamp>, &str, &str) {
    let words = resource.service_entry().and_then(|spec| spec.export_to.as_deref()).unwrap_or_default();
    let is_public = words.is_empty() || words.iter().any(|word| word == "*");
    let created = resource.live.as_ref().and_then(|live| live.created);
    (is_public, created.is_none(), created, &resource.id.namespace, &resource.id.name)
}

/// Whether an entry declares the host itself, not only a wildcard over it.
pub fn is_exact(entry: &Resource, host: &str) -> bool {
    entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|found| found.eq_ignore_ascii_case(host)))
}

/// Whether what an entry declares as `declared` is looked up by the name of this host, and leads nowhere else.
pub fn leads_to(spec: &ServiceEntrySpec, host: &str, declared: &str) -> bool {
    let by_name =
        matches!(spec.resolution, Some(ServiceEntryResolution::Dns | ServiceEntryResolution::DnsRoundRobin));
    let same_port =
        spec.ports.iter().flatten().all(|port| port.target_port.is_none_or(|to| to == port.number));
    let endpoints = spec.endpoints.as_deref().unwrap_or_default();
    let is_host = |address: Option<&str>| address.is_some_and(|address| address.eq_ignore_ascii_case(host));
    // Without endpoints the name that is declared is looked up.
    let to_host = match endpoints {
        [] => declared.eq_ignore_ascii_case(host),
        some => some.iter().all(|one| is_host(one.address.as_deref()) && one.ports.is_none()),
    };
    by_name && same_port && to_host && spec.workload_selector.is_none()
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
    fn an_entry_that_is_exported_by_name_comes_before_one_that_everybody_sees() {
        let entries =
            [entry("old", 1, "edition.cnn.com", &["*"]), entry("young", 3, "edition.cnn.com", &["shop"])];
        assert_eq!(seen_by("shop", &entries), ["young", "old"]);
        assert_eq!(seen_by("billing", &entries), ["old"]);
    }

    #[test]
    fn at_a_gateway_age_decides_and_its_own_namespace_does_not() {
        let to = |namespace, age, export_to: &[&str]| entry(namespace, age, "edition.cnn.com", export_to);
        let entries = [
            to("istio-system", 4, &["."]),
            to("public", 1, &[]),
            to("shop", 3, &["istio-system"]),
            to("squatter", 2, &["istio-system"]),
            to("hidden", 1, &["."]),
        ];
        let found = at_gateway(&entries, "istio-system");
        let namespaces: Vec<&str> = found.iter().map(|entry| entry.id.namespace.as_str()).collect();
        assert_eq!(namespaces, ["squatter", "shop", "istio-system", "public"]);
    }

    #[test]
    fn of_entries_of_one_second_the_first_namespace_wins_at_a_gateway() {
        let same = |namespace| entry(namespace, 1, "edition.cnn.com", &["istio-system"]);
        let entries = [same("shop"), same("billing")];
        assert_eq!(at_gateway(&entries, "istio-system")[0].id.namespace, "billing");
    }

    #[test]
    fn an_exact_entry_comes_before_a_wildcard() {
        let entries = [entry("shop", 1, "*.cnn.com", &[]), entry("old", 2, "edition.cnn.com", &[])];
        assert_eq!(seen_by("shop", &entries), ["old", "shop"]);
    }
}

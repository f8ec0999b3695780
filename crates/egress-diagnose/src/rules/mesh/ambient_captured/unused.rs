//! Waypoints that nothing names, beside hosts that are likely meant for them.
//!
//! Knows the label by which hosts, Services and namespaces name a waypoint. Does not know what else a waypoint could be for.

use std::collections::BTreeMap;

use egress_core::resource::Resource;
use egress_istio::service_entry::ServiceEntryLocation;

use super::{finding, hosts};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::istio::waypoints::{USE, Waypoint, chosen, waypoint_of};
use crate::view::View;

/// One finding for each host beside a waypoint that takes hosts and that nothing uses.
pub(super) fn findings(
    view: &View<'_>,
    waypoints: &[Waypoint<'_>],
    labels: &BTreeMap<&str, &BTreeMap<String, String>>,
) -> Vec<Finding> {
    let unused =
        waypoints.iter().filter(|waypoint| waypoint.takes_hosts() && !is_used(view, waypoint, labels));
    let beside = |waypoint: &Waypoint<'_>| {
        let (namespace, name) = waypoint.id();
        let is_meant = move |entry: &&Resource| {
            let spec = entry.service_entry();
            let is_outside =
                spec.is_some_and(|spec| spec.location != Some(ServiceEntryLocation::MeshInternal));
            entry.id.namespace == namespace && is_outside && !entry.labels.contains_key(USE)
        };
        view.service_entries()
            .filter(is_meant)
            .map(|entry| unnamed(entry, (namespace, name)))
            .collect::<Vec<_>>()
    };
    unused.flat_map(beside).collect()
}

/// Whether a host, a Service or a namespace names a waypoint.
fn is_used(
    view: &View<'_>,
    waypoint: &Waypoint<'_>,
    labels: &BTreeMap<&str, &BTreeMap<String, String>>,
) -> bool {
    let id = waypoint.id();
    let home = |namespace: &str| labels.get(namespace).copied();
    let of_namespaces = labels.iter().any(|(name, own)| chosen(|key| own.get(key), name, None) == Some(id));
    let of_entries =
        || view.service_entries().any(|entry| waypoint_of(entry, home(&entry.id.namespace)) == Some(id));
    let of_services = || {
        let services = view.services().unwrap_or_default();
        services.iter().any(|service| {
            chosen(|key| service.labels.get(key), &service.namespace, home(&service.namespace)) == Some(id)
        })
    };
    of_namespaces || of_entries() || of_services()
}

fn unnamed(entry: &Resource, (namespace, waypoint): (&str, &str)) -> Finding {
    let id = &entry.id;
    let found = finding(
        format!("{} does not name waypoint {namespace}/{waypoint}, and nothing else uses it", hosts(entry)),
        Place::of(id).field(format!("metadata.labels[{USE}]"), "not set"),
        Vec::new(),
        format!("calls from pods in ambient mode to {} leave directly from their nodes", hosts(entry)),
        fixes::label(
            (&id.kind.qualified(), &id.name, &id.namespace),
            (USE, Some(waypoint)),
            "lets ztunnel send the calls to the waypoint",
        ),
    );
    Finding { confidence: Confidence::Inferred, ..found }
}

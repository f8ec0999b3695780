//! The waypoints that take calls to hosts, each with its hosts, its pods, and the pods in ambient mode that call.
//!
//! Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::resource::Resource;
use egress_core::snapshot::PodFacts;

use crate::finding::Readable;
use crate::istio::data_plane::DataPlaneMode;
use crate::istio::waypoints::{bound, waypoint_of};
use crate::kubernetes::workload::PodOwner;
use crate::view::View;
use crate::wording::list;

/// The label that every pod of a Gateway has.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// A waypoint that takes calls to hosts.
pub(super) struct UsedWaypoint<'a> {
    /// Its namespace.
    pub(super) namespace: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// The ServiceEntries of the hosts.
    pub(super) entries: Vec<&'a Resource>,
    /// Its pods, one for each set of labels; as istiod makes them where nobody gave them.
    pub(super) pods: Vec<PodFacts>,
    /// Whether the pods were given.
    pub(super) has_pods: bool,
}

/// The pods in ambient mode of each namespace with any, by workload.
pub(super) type AmbientPods<'a> = BTreeMap<&'a str, BTreeMap<PodOwner, Vec<&'a PodFacts>>>;

/// The waypoints, in order of namespace and name. Without hosts that istiod did not bind.
pub(super) fn used_waypoints<'a>(view: &View<'a>) -> Readable<Vec<UsedWaypoint<'a>>> {
    let namespaces = view.labelled_namespaces().unwrap_or_default();
    let labels: BTreeMap<&str, _> =
        namespaces.iter().map(|facts| (facts.name.as_str(), &facts.labels)).collect();
    let mut found: BTreeMap<(&'a str, &'a str), Vec<&'a Resource>> = BTreeMap::new();
    for entry in view.service_entries() {
        let waypoint = waypoint_of(entry, labels.get(entry.id.namespace.as_str()).copied());
        let is_refused = bound(entry).is_some_and(|condition| !condition.holds);
        if let Some(waypoint) = waypoint.filter(|_| !is_refused) {
            found.entry(waypoint).or_default().push(entry);
        }
    }
    let all = view.all_pods()?;
    let used = found.into_iter().map(|((namespace, name), entries)| {
        let mut known = BTreeSet::new();
        let of_waypoint = |pod: &&PodFacts| {
            pod.namespace == namespace
                && !pod.finished
                && pod.labels.get(GATEWAY_NAME).is_some_and(|gateway| gateway == name)
        };
        let pods = all.iter().filter(of_waypoint).filter(|pod| known.insert(&pod.labels));
        let mut pods: Vec<PodFacts> = pods.cloned().collect();
        let has_pods = !pods.is_empty();
        if !has_pods {
            pods.push(as_made(namespace, name));
        }
        UsedWaypoint { namespace, name, entries, pods, has_pods }
    });
    Ok(used.collect())
}

/// Every namespace with pods in ambient mode.
pub(super) fn ambient_pods<'a>(view: &View<'a>) -> Readable<AmbientPods<'a>> {
    let mut found = AmbientPods::new();
    for namespace in view.namespaces() {
        let workloads = view.workloads_with_mode(namespace, DataPlaneMode::Ztunnel)?;
        if !workloads.is_empty() {
            found.insert(namespace, workloads);
        }
    }
    Ok(found)
}

impl UsedWaypoint<'_> {
    /// Its hosts in words, not more than three of them.
    pub(super) fn hosts(&self) -> String {
        const NAMED: usize = 3;
        let specs = self.entries.iter().filter_map(|entry| entry.service_entry());
        let hosts: BTreeSet<&str> = specs.flat_map(|spec| &spec.hosts).map(String::as_str).collect();
        let named: Vec<&str> = hosts.iter().copied().take(NAMED).collect();
        match hosts.len().checked_sub(NAMED) {
            None | Some(0) => list(&named),
            Some(1) => format!("{} and 1 other host", named.join(", ")),
            Some(more) => format!("{} and {more} other hosts", named.join(", ")),
        }
    }

    /// The ports on which its hosts are called.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        let specs = self.entries.iter().filter_map(|entry| entry.service_entry());
        let ports = specs.flat_map(|spec| spec.ports.iter().flatten());
        ports.filter_map(|port| u16::try_from(port.number).ok()).collect()
    }
}

/// A pod of a waypoint with the labels that istiod's template gives it: `manifests/charts/istio-control/istio-discovery/files/waypoint.yaml`.
fn as_made(namespace: &str, name: &str) -> PodFacts {
    let labels = [
        (GATEWAY_NAME, name),
        ("gateway.networking.k8s.io/gateway-class-name", "istio-waypoint"),
        ("gateway.istio.io/managed", "istio.io-mesh-controller"),
        ("istio.io/dataplane-mode", "none"),
        ("sidecar.istio.io/inject", "false"),
        ("service.istio.io/canonical-name", name),
        ("service.istio.io/canonical-revision", "latest"),
    ];
    PodFacts {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..PodFacts::default()
    }
}

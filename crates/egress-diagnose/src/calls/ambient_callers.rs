//! The pods in ambient mode that call, and the addresses by which their ztunnel knows hosts.
//!
//! Found once for all hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egress_core::resource::Resource;
use egress_core::snapshot::{PodFacts, Snapshot};

use crate::facts::{ClusterFacts, Request, client_of};
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::traffic::host_call::address_of;

/// The calling pods in ambient mode.
pub(super) struct AmbientCallers<'a> {
    /// The labels of namespaces.
    labels: BTreeMap<&'a str, &'a BTreeMap<String, String>>,
    pods: Vec<&'a PodFacts>,
}

impl<'a> AmbientCallers<'a> {
    /// Those of a cluster.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let labels: BTreeMap<&str, &BTreeMap<String, String>> =
            snapshot.namespaces.iter().map(|home| (home.name.as_str(), &home.labels)).collect();
        let mut known = BTreeSet::new();
        let calls = |pod: &&'a PodFacts| {
            let home = labels.get(pod.namespace.as_str()).copied();
            !pod.finished
                && data_plane_mode(pod, home) == DataPlaneMode::Ztunnel
                && known.insert((pod.namespace.as_str(), pod.service_account.as_str()))
        };
        let pods = snapshot.pods.iter().filter(calls).collect();
        AmbientCallers { labels, pods }
    }

    /// Of each namespace one pod for each service account: a waypoint tells callers apart by it.
    pub(super) fn pods(&self) -> &[&'a PodFacts] {
        &self.pods
    }

    /// Those of a request: the chosen pod, those of the given namespaces, or all.
    pub(super) fn asked(
        &self,
        facts: &'a ClusterFacts,
        request: &Request,
        namespaces: &BTreeSet<String>,
    ) -> Vec<&'a PodFacts> {
        if let Some(client) = &request.client {
            let chosen = client_of(&facts.snapshot, &client.namespace, Some(client));
            let is_ambient = |pod: &&PodFacts| {
                data_plane_mode(pod, self.labels_of(&pod.namespace)) == DataPlaneMode::Ztunnel
            };
            return chosen.into_iter().filter(is_ambient).collect();
        }
        let is_asked = |pod: &&&PodFacts| request.namespace.is_none() || namespaces.contains(&pod.namespace);
        self.pods.iter().filter(is_asked).copied().collect()
    }

    /// The labels of a namespace.
    pub(super) fn labels_of(&self, namespace: &str) -> Option<&'a BTreeMap<String, String>> {
        self.labels.get(namespace).copied()
    }
}

/// The address by which ztunnel knows a host: the one that its ServiceEntry declares, else the one that istiod gave it.
pub(super) fn ambient_address(entry: &Resource, host: &str) -> Option<IpAddr> {
    let allocated = || entry.live.as_ref()?.status.allocated.get(host)?.first()?.parse().ok();
    address_of(entry.service_entry()?).or_else(allocated)
}

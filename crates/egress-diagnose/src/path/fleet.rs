//! The egress paths of a cluster as other clusters of the fleet compare them.

use egress_core::index::Index;
use egress_core::inventory::egresses;

use super::{EgressPath, paths};
use crate::facts::{ClusterFacts, EgressOptions, OtherCluster, OtherEgress, Request};

impl OtherCluster {
    /// The comparable part of a cluster's facts.
    pub fn of(name: String, facts: &ClusterFacts) -> Self {
        let snapshot = &facts.snapshot;
        let there = egresses(snapshot);
        let paths = paths(snapshot, &Index::of(snapshot), &there, &Request::default());
        let all = paths.iter().filter_map(OtherEgress::of);
        let unread = snapshot.unreadable.first().filter(|_| !snapshot.has_istio_of(None));
        OtherCluster {
            name,
            egresses: all.map(|egress| (OtherEgress::key(&egress.namespace, &egress.host), egress)).collect(),
            unreadable: unread.map(|missing| format!("{} could not be read: {}", missing.what, missing.why)),
        }
    }
}

impl OtherEgress {
    /// The comparable part of a path; none if nothing routes the host to a gateway.
    pub(crate) fn of(path: &EgressPath<'_>) -> Option<Self> {
        let egress = path.egress?;
        Some(OtherEgress {
            namespace: egress.namespace.clone(),
            host: path.host.clone(),
            ports: path.ports.clone(),
            gateway: egress.gateway.clone(),
            asked: path.record().map(|record| EgressOptions::of(&record.intent)),
        })
    }
}

//! What the mesh lets callers do and see: unknown hosts, and Services.
//!
//! Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::role::Kind;
use egress_core::snapshot::{GatewayFacts, OutboundMode, PodFacts, ServiceFacts};
use egress_core::visibility::exported_to;
use egress_core::visibility::sidecar::outbound_mode;

use super::View;
use crate::finding::Readable;

/// Who sees a gateway's Service.
pub(crate) struct ServiceVisibility<'a> {
    /// The words that count.
    pub(crate) words: &'a [String],
    /// Whether they are the Service's own, by its annotation, and not the mesh's.
    pub(crate) is_own: bool,
}

impl<'a> View<'a> {
    /// What the sidecars of a namespace do with calls to unknown hosts: the most that one of them lets out.
    pub(crate) fn outbound_from(&self, namespace: &str) -> Option<OutboundMode> {
        let usual = self.mesh().outbound;
        let mode = |labels: &_| self.sidecar_for(namespace, labels).and_then(outbound_mode).or(usual);
        let pods = self.pods(namespace);
        let modes = pods.iter().map(|pod| mode(&pod.labels));
        modes.max().unwrap_or_else(|| mode(&BTreeMap::new()))
    }

    /// The same for all namespaces, those together whose sidecars do the same.
    pub(crate) fn outbound_modes(&self) -> Vec<(Option<OutboundMode>, Vec<String>)> {
        // No namespace has this name: what counts for it is the mesh's word, or that of a Sidecar of the root namespace.
        let usual = self.outbound_from("");
        let sidecars = self.index().of_kind(Kind::Sidecar);
        let owners: BTreeSet<&str> = sidecars.iter().map(|sidecar| sidecar.id.namespace.as_str()).collect();
        let calls = |namespace: &&str| !self.pods(namespace).is_empty();
        let mut other: BTreeMap<Option<OutboundMode>, Vec<String>> = BTreeMap::new();
        for namespace in owners.into_iter().filter(calls) {
            let mode = self.outbound_from(namespace);
            if mode != usual {
                other.entry(mode).or_default().push(namespace.to_owned());
            }
        }
        let others = if other.is_empty() { "every namespace" } else { "every other namespace" };
        let is_told = |pod: &&PodFacts| other.values().flatten().any(|namespace| *namespace == pod.namespace);
        let has_more = other.is_empty()
            || self.shared.facts.snapshot.pods.iter().any(|pod| pod.has_sidecar && !is_told(&pod));
        let usual = has_more.then(|| (usual, vec![others.to_owned()]));
        other.into_iter().chain(usual).collect()
    }

    /// Who sees a gateway's Service. `serviceExportTo` in `pilot/pkg/model/push_context.go`.
    pub(crate) fn visibility_of(&self, gateway: &GatewayFacts) -> Readable<ServiceVisibility<'a>> {
        let is_it = |service: &&ServiceFacts| {
            service.namespace == gateway.name.namespace && service.name == gateway.name.service
        };
        let own = self.services()?.iter().find(is_it).and_then(|service| service.export_to.as_deref());
        let usual = &self.mesh().default_export_to.services;
        Ok(ServiceVisibility { words: own.unwrap_or(usual), is_own: own.is_some() })
    }
}

impl ServiceVisibility<'_> {
    /// Whether the proxies of a namespace have clusters for the Service.
    pub(crate) fn covers(&self, gateway: &GatewayFacts, viewer: &str) -> bool {
        exported_to(Some(self.words), &gateway.name.namespace, viewer)
    }
}

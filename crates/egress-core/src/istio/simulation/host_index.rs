//! What has a host name, found by the hosts that the name has in common with it.
//!
//! Compares names as [`overlap`] does, without looking at each. Knows nothing of what has the names.

use std::borrow::Cow;

use super::host_name::{is_wildcard, overlap};
use crate::fast_map::{FastMap, FastSet};
use crate::istio::gateway_api::is_made;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::MeshFacts;
use crate::visibility::destination_rule::in_full;

/// Positions in a list, by the host names of what stands there.
#[derive(Debug, Default)]
pub(super) struct HostIndex<'w> {
    exact: FastMap<Cow<'w, str>, Vec<usize>>,
    wild: Vec<(Cow<'w, str>, usize)>,
}

impl<'w> HostIndex<'w> {
    pub(super) fn insert(&mut self, name: Cow<'w, str>, position: usize) {
        if is_wildcard(&name) {
            self.wild.push((name, position));
        } else {
            // Most have one.
            self.exact.entry(name).or_insert_with(|| Vec::with_capacity(1)).push(position);
        }
    }

    /// The positions with a name that overlaps with a host, each once, in their order.
    pub(super) fn overlapping(&self, host: &str) -> Vec<usize> {
        let mut found: Vec<usize> = self.exact.get(host).into_iter().flatten().copied().collect();
        if is_wildcard(host) {
            let below = self.exact.iter().filter(|(name, _)| overlap(name, host));
            found.extend(below.flat_map(|(_, positions)| positions));
        }
        let wild = self.wild.iter().filter(|(name, _)| overlap(name, host));
        found.extend(wild.map(|(_, position)| *position));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// VirtualServices in order of precedence, found by their hosts.
#[derive(Debug, Default)]
pub(super) struct RouteList<'w> {
    all: Vec<&'w Resource>,
    ids: FastSet<&'w ObjectId>,
    by_host: HostIndex<'w>,
}

impl<'w> RouteList<'w> {
    pub(super) fn new(all: Vec<&'w Resource>, mesh: &MeshFacts) -> Self {
        let mut by_host = HostIndex::default();
        for (position, resource) in all.iter().enumerate() {
            for host in hosts(resource, mesh) {
                by_host.insert(host, position);
            }
        }
        let ids = all.iter().map(|resource| &resource.id).collect();
        RouteList { all, ids, by_host }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'w Resource> {
        self.all.iter().copied()
    }

    /// Those with a host that overlaps with this one.
    pub(super) fn about(&self, host: &str) -> impl Iterator<Item = &'w Resource> {
        let found = self.by_host.overlapping(host).into_iter();
        found.filter_map(|position| self.all.get(position).copied())
    }

    /// Whether this VirtualService is one of them.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.ids.contains(id)
    }
}

/// The hosts of a VirtualService in full.
pub(super) fn hosts<'r>(resource: &'r Resource, mesh: &MeshFacts) -> impl Iterator<Item = Cow<'r, str>> {
    let names = resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten());
    names.map(|name| host_of_rule(name, resource, mesh))
}

/// A host that a VirtualService names, in full. In those that istiod makes of the Gateway API every name is in full.
pub(super) fn host_of_rule<'r>(host: &'r str, resource: &Resource, mesh: &MeshFacts) -> Cow<'r, str> {
    if is_made(resource) { Cow::Borrowed(host) } else { in_full(host, &resource.id.namespace, mesh) }
}

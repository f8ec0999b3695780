//! The objects of a cluster by identity, kind, host and gateway, so that a command with many hosts does not read every
//! object for each.
//!
//! Objects that will be written can be put beside those that exist; see [`Remaining`] for objects that will be gone or
//! replaced. Does not know who sees what.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use self::by_host::ByHost;
pub use self::remaining::Remaining;
use crate::fast_map::FastMap;
use crate::metadata;
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::{Kind, Role};
use crate::snapshot::Snapshot;

mod by_host;
mod remaining;
#[cfg(test)]
mod tests;

/// Objects by what they are looked up by. Of two with one identity the first is found, as [`Snapshot::find`] does.
pub struct Index<'a> {
    snapshot: &'a Snapshot,
    by_id: FastMap<&'a ObjectId, &'a Resource>,
    by_kind: BTreeMap<Kind, Vec<&'a Resource>>,
    virtual_services: ByHost<'a>,
    service_entries: ByHost<'a>,
    gateways: ByHost<'a>,
    destination_rules: ByHost<'a>,
    /// DestinationRules by the names of their subsets.
    subsets: FastMap<&'a str, Vec<&'a Resource>>,
    /// With our label, by namespace and the host of the annotation.
    labelled: FastMap<&'a str, FastMap<&'a str, Vec<&'a Resource>>>,
    /// With our label and the role of an object of all egresses of a gateway, by namespace.
    of_gateways: FastMap<&'a str, Vec<&'a Resource>>,
}

impl<'a> Index<'a> {
    /// The objects of a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut index = Index::empty(snapshot);
        index.by_id.reserve(snapshot.resources.len());
        for resource in &snapshot.resources {
            index.insert(resource);
        }
        index
    }

    /// No object, beside the facts of a snapshot.
    fn empty(snapshot: &'a Snapshot) -> Self {
        Index {
            snapshot,
            by_id: FastMap::default(),
            by_kind: BTreeMap::new(),
            virtual_services: ByHost::default(),
            service_entries: ByHost::default(),
            gateways: ByHost::default(),
            destination_rules: ByHost::default(),
            subsets: FastMap::default(),
            labelled: FastMap::default(),
            of_gateways: FastMap::default(),
        }
    }

    /// Puts an object beside the others, such as one that will be written, unless one of its identity is there.
    pub fn insert(&mut self, resource: &'a Resource) {
        match self.by_id.entry(&resource.id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(place) => place.insert(resource),
        };
        self.by_kind.entry(resource.id.kind).or_default().push(resource);
        match &resource.spec {
            Spec::VirtualService(spec) => self.virtual_services.insert(resource, spec.hosts.iter().flatten()),
            Spec::ServiceEntry(spec) => self.service_entries.insert(resource, spec.hosts.iter()),
            Spec::Gateway(spec) => {
                let servers = spec.servers.iter().flatten();
                self.gateways.insert(resource, servers.flat_map(|server| &server.hosts));
            }
            Spec::DestinationRule(spec) => {
                // A host without a dot is a Service's, and never outside the mesh.
                self.destination_rules.insert(resource, std::iter::once(&spec.host));
                for subset in spec.subsets.iter().flatten() {
                    self.subsets.entry(&subset.name).or_default().push(resource);
                }
            }
            Spec::Sidecar(_) | Spec::Untyped(_) => {}
        }
        if !metadata::is_ours(resource) {
            return;
        }
        let namespace = resource.id.namespace.as_str();
        if let Some(host) = metadata::host(resource) {
            self.labelled.entry(namespace).or_default().entry(host).or_default().push(resource);
        }
        if metadata::role(resource).is_some_and(Role::is_of_pair) {
            self.of_gateways.entry(namespace).or_default().push(resource);
        }
    }

    /// The snapshot, without what was put beside it.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The index without these objects.
    pub fn without(&self, gone: impl IntoIterator<Item = ObjectId>) -> Remaining<'_, 'a> {
        Remaining::of(self, gone)
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.by_id.get(id).copied()
    }

    /// The objects of one kind.
    pub fn of_kind(&self, kind: Kind) -> &[&'a Resource] {
        self.by_kind.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.virtual_services.get(host)
    }

    /// ServiceEntries that name the host in full.
    pub fn service_entries_of(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.exact(host)
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.get(host)
    }

    /// Gateway objects with a server for the host or for a wildcard over it.
    pub fn gateways(&self, host: &str) -> Vec<&'a Resource> {
        self.gateways.get(host)
    }

    /// DestinationRules of a host in full, or of a wildcard over it.
    pub fn destination_rules(&self, host: &str) -> Vec<&'a Resource> {
        self.destination_rules.get(host)
    }

    /// The same of a Service of the mesh: its name alone means it in its own namespace.
    pub fn destination_rules_of_service(&self, host: &str) -> Vec<&'a Resource> {
        let mut found = self.destination_rules.get(host);
        if let Some((name, _)) = host.split_once('.') {
            found.extend(self.destination_rules.exact(name));
        }
        found
    }

    /// DestinationRules with a subset of this name, for any host.
    pub fn subset_holders(&self, name: &str) -> &[&'a Resource] {
        self.subsets.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Objects with our label whose annotation names this host, in one namespace.
    pub fn labelled(&self, namespace: &str, host: &str) -> &[&'a Resource] {
        let there = self.labelled.get(namespace).and_then(|hosts| hosts.get(host));
        there.map(Vec::as_slice).unwrap_or_default()
    }

    /// Objects with our label that say that all egresses of a gateway in this namespace use them.
    pub fn of_gateways_in(&self, namespace: &str) -> &[&'a Resource] {
        self.of_gateways.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }
}

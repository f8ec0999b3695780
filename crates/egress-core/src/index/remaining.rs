//! An index as it will be: without objects that will be gone, and with objects as they will be written. Copies nothing of
//! what stays.

use std::collections::BTreeSet;

use super::Index;
use crate::resource::{ObjectId, Resource};
use crate::role::Kind;
use crate::snapshot::Snapshot;

/// What is there after some deletions and writes.
#[derive(Clone)]
pub struct Remaining<'i, 'a> {
    index: &'i Index<'a>,
    gone: BTreeSet<ObjectId>,
    /// Found instead of what exists with the same identity. Few: those of one egress.
    written: Vec<&'a Resource>,
}

impl<'i, 'a> Remaining<'i, 'a> {
    pub(super) fn of(index: &'i Index<'a>, gone: impl IntoIterator<Item = ObjectId>) -> Self {
        Remaining { index, gone: gone.into_iter().collect(), written: Vec::new() }
    }

    /// The same without these objects either.
    #[must_use]
    pub fn without(&self, gone: impl IntoIterator<Item = ObjectId>) -> Self {
        let mut less = self.clone();
        less.gone.extend(gone);
        less
    }

    /// The same after these objects are written.
    #[must_use]
    pub fn with(&self, written: impl IntoIterator<Item = &'a Resource>) -> Self {
        let mut more = self.clone();
        for resource in written {
            more.gone.remove(&resource.id);
            more.written.retain(|other| other.id != resource.id);
            more.written.push(resource);
        }
        more
    }

    /// The snapshot that the index was made of, for facts that are no objects of Istio.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.index.snapshot()
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        if self.gone.contains(id) {
            return None;
        }
        let written = self.written.iter().find(|resource| resource.id == *id).copied();
        written.or_else(|| self.index.find(id))
    }

    /// The objects of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Resource> {
        let written = self.written_now().filter(move |resource| resource.id.kind == kind);
        self.index.of_kind(kind).iter().copied().filter(|found| self.remains(found)).chain(written)
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.virtual_services(host))
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.service_entries(host))
    }

    /// Gateway objects with a server for the host or for a wildcard over it.
    pub fn gateways(&self, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.gateways(host))
    }

    /// DestinationRules of the host in full or of a wildcard over it.
    pub fn destination_rules(&self, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.destination_rules(host))
    }

    /// The same of a Service of the mesh: its name alone means it in its own namespace.
    pub fn destination_rules_of_service(&self, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.destination_rules_of_service(host))
    }

    /// Objects with our label whose annotation names this host, in one namespace.
    pub fn labelled(&self, namespace: &str, host: &str) -> Vec<&'a Resource> {
        self.found(|index| index.labelled(namespace, host).to_vec())
    }

    /// Objects with our label that say that all egresses of a gateway in this namespace use them.
    pub fn of_gateways_in(&self, namespace: &str) -> Vec<&'a Resource> {
        self.found(|index| index.of_gateways_in(namespace).to_vec())
    }

    fn found(&self, look: impl Fn(&Index<'a>) -> Vec<&'a Resource>) -> Vec<&'a Resource> {
        let mut found = look(self.index);
        found.retain(|resource| self.remains(resource));
        if !self.written.is_empty() {
            let mut written = Index::empty(self.snapshot());
            self.written_now().for_each(|resource| written.insert(resource));
            found.extend(look(&written));
        }
        found
    }

    fn written_now(&self) -> impl Iterator<Item = &'a Resource> {
        self.written.iter().copied().filter(|resource| !self.gone.contains(&resource.id))
    }

    /// Whether an object that exists is still found.
    fn remains(&self, resource: &Resource) -> bool {
        !self.gone.contains(&resource.id) && self.written.iter().all(|written| written.id != resource.id)
    }
}

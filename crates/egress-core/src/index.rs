//! The objects of a cluster by identity, kind, host and gateway, so that a command with many hosts does not read every
//! object for each.
//!
//! Objects that will be written can be put beside those that exist, and objects that will be gone can be hidden, without a
//! copy of the cluster. Does not know who sees what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use self::by_host::ByHost;
use crate::metadata;
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::{Kind, Role};
use crate::snapshot::Snapshot;

mod by_host;

/// Objects by what they are looked up by.
#[derive(Clone)]
pub struct Index<'a> {
    snapshot: &'a Snapshot,
    by_id: HashMap<&'a ObjectId, &'a Resource>,
    by_kind: BTreeMap<Kind, Vec<&'a Resource>>,
    virtual_services: ByHost<'a>,
    service_entries: ByHost<'a>,
    gateways: ByHost<'a>,
    /// With our label, by namespace and the host of the annotation.
    labelled: HashMap<(&'a str, &'a str), Vec<&'a Resource>>,
    /// With our label and the role of an object of all egresses of a gateway, by namespace.
    of_gateways: HashMap<&'a str, Vec<&'a Resource>>,
}

/// An index, without the objects that will be gone.
#[derive(Clone)]
pub struct Remaining<'i, 'a> {
    index: &'i Index<'a>,
    gone: BTreeSet<ObjectId>,
}

impl<'a> Index<'a> {
    /// The objects of a snapshot. Of two with one identity the first is found, as [`Snapshot::find`] does.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut index = Index {
            snapshot,
            by_id: HashMap::with_capacity(snapshot.resources.len()),
            by_kind: BTreeMap::new(),
            virtual_services: ByHost::default(),
            service_entries: ByHost::default(),
            gateways: ByHost::default(),
            labelled: HashMap::new(),
            of_gateways: HashMap::new(),
        };
        for resource in &snapshot.resources {
            index.insert(resource);
        }
        index
    }

    /// Puts an object beside the others, such as one that will be written. What all egresses of a gateway use is wanted for
    /// each of many hosts, and put there once.
    pub fn insert(&mut self, resource: &'a Resource) {
        let is_ours = metadata::is_ours(resource);
        let is_of_gateway = is_ours && metadata::role(resource).is_some_and(Role::is_of_pair);
        if is_of_gateway && self.by_id.contains_key(&resource.id) {
            return;
        }
        self.by_id.entry(&resource.id).or_insert(resource);
        self.by_kind.entry(resource.id.kind).or_default().push(resource);
        match &resource.spec {
            Spec::VirtualService(spec) => self.virtual_services.insert(resource, spec.hosts.iter().flatten()),
            Spec::ServiceEntry(spec) => self.service_entries.insert(resource, spec.hosts.iter()),
            Spec::Gateway(spec) => {
                let servers = spec.servers.iter().flatten();
                self.gateways.insert(resource, servers.flat_map(|server| &server.hosts));
            }
            Spec::DestinationRule(_) | Spec::Sidecar(_) | Spec::Untyped(_) => {}
        }
        if !is_ours {
            return;
        }
        let namespace = resource.id.namespace.as_str();
        if let Some(host) = metadata::host(resource) {
            self.labelled.entry((namespace, host)).or_default().push(resource);
        }
        if is_of_gateway {
            self.of_gateways.entry(namespace).or_default().push(resource);
        }
    }

    /// Lets an object be found by its identity instead of the one that exists, or puts it beside the others.
    pub fn replace(&mut self, resource: &'a Resource) {
        match self.by_id.get_mut(&resource.id) {
            Some(found) => *found = resource,
            None => self.insert(resource),
        }
    }

    /// The snapshot, without what was put beside it.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The index without these objects.
    pub fn without(&self, gone: impl IntoIterator<Item = ObjectId>) -> Remaining<'_, 'a> {
        Remaining { index: self, gone: gone.into_iter().collect() }
    }
}

impl<'a> Remaining<'_, 'a> {
    /// The snapshot that the index was made of, for facts that are no objects of Istio.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.index.snapshot
    }

    /// The same without these objects either.
    #[must_use]
    pub fn without(&self, gone: impl IntoIterator<Item = ObjectId>) -> Self {
        let mut less = self.clone();
        less.gone.extend(gone);
        less
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.index.by_id.get(id).copied().filter(|found| self.remains(found))
    }

    /// The objects of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Resource> {
        let all = self.index.by_kind.get(&kind).into_iter().flatten().copied();
        all.filter(|found| self.remains(found))
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.remaining(self.index.virtual_services.get(host))
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.remaining(self.index.service_entries.get(host))
    }

    /// Gateway objects with a server for the host or for a wildcard over it.
    pub fn gateways(&self, host: &str) -> Vec<&'a Resource> {
        self.remaining(self.index.gateways.get(host))
    }

    /// Objects with our label whose annotation names this host, in one namespace.
    pub fn labelled(&self, namespace: &str, host: &str) -> Vec<&'a Resource> {
        self.remaining(self.index.labelled.get(&(namespace, host)).cloned().unwrap_or_default())
    }

    /// Objects with our label that say that all egresses of a gateway in this namespace use them.
    pub fn of_gateways_in(&self, namespace: &str) -> Vec<&'a Resource> {
        self.remaining(self.index.of_gateways.get(namespace).cloned().unwrap_or_default())
    }

    fn remaining(&self, mut found: Vec<&'a Resource>) -> Vec<&'a Resource> {
        found.retain(|resource| self.remains(resource));
        found
    }

    fn remains(&self, resource: &Resource) -> bool {
        self.gone.is_empty() || !self.gone.contains(&resource.id)
    }
}

//! Objects by identity, kind and host, so that a walk over many hosts does not read every object for each.
//!
//! Does not know visibility.

use std::collections::{BTreeMap, HashMap};

use egress_core::index::ByHost;
use egress_core::inventory::Objects;
use egress_core::resource::{Resource, Spec};
use egress_core::role::Kind;
use egress_core::snapshot::Snapshot;

/// The objects of a snapshot, by their lookup keys.
pub(crate) struct FactIndex<'a> {
    objects: Objects<'a>,
    by_kind: BTreeMap<Kind, Vec<&'a Resource>>,
    virtual_services: ByHost<'a>,
    service_entries: ByHost<'a>,
    gateways: ByHost<'a>,
    destination_rules: ByHost<'a>,
    subset_holders: HashMap<&'a str, Vec<&'a Resource>>,
}

impl<'a> FactIndex<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let mut index = FactIndex {
            objects: Objects::of(snapshot),
            by_kind: BTreeMap::new(),
            virtual_services: ByHost::default(),
            service_entries: ByHost::default(),
            gateways: ByHost::default(),
            destination_rules: ByHost::default(),
            subset_holders: HashMap::new(),
        };
        for resource in &snapshot.resources {
            index.by_kind.entry(resource.id.kind).or_default().push(resource);
            match &resource.spec {
                Spec::VirtualService(spec) => {
                    index.virtual_services.insert(resource, spec.hosts.iter().flatten());
                }
                Spec::ServiceEntry(spec) => index.service_entries.insert(resource, spec.hosts.iter()),
                Spec::Gateway(spec) => {
                    let servers = spec.servers.iter().flatten();
                    index.gateways.insert(resource, servers.flat_map(|server| &server.hosts));
                }
                Spec::DestinationRule(spec) => {
                    // A host without a dot is a Service's, and never outside the mesh.
                    index.destination_rules.insert(resource, std::iter::once(&spec.host));
                    for subset in spec.subsets.iter().flatten() {
                        index.subset_holders.entry(&subset.name).or_default().push(resource);
                    }
                }
                Spec::Sidecar(_) | Spec::Untyped(_) => {}
            }
        }
        index
    }

    /// The objects by their identity.
    pub(crate) fn objects(&self) -> &Objects<'a> {
        &self.objects
    }

    /// The objects of one kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> &[&'a Resource] {
        self.by_kind.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub(crate) fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.virtual_services.get(host)
    }

    /// ServiceEntries that name the host in full.
    pub(crate) fn service_entries_of(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.exact(host)
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub(crate) fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.get(host)
    }

    /// DestinationRules of a host in full, or of a wildcard over it.
    pub(crate) fn destination_rules(&self, host: &str) -> Vec<&'a Resource> {
        self.destination_rules.get(host)
    }

    /// Gateway objects with a server for the host or for a wildcard over it.
    pub(crate) fn gateways(&self, host: &str) -> Vec<&'a Resource> {
        self.gateways.get(host)
    }

    /// DestinationRules with a subset of this name, for any host.
    pub(crate) fn subset_holders(&self, name: &str) -> &[&'a Resource] {
        self.subset_holders.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

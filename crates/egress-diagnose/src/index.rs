//! Objects by identity, kind and host, so that a walk over many hosts does not read every object for each.
//!
//! Knows nothing of who sees what.

use std::collections::BTreeMap;

use egress_core::resource::{ObjectId, Resource, Spec};
use egress_core::role::Kind;
use egress_core::snapshot::Snapshot;
use egress_core::visibility::host_matches;

/// The objects of a snapshot, by what they are looked up by.
pub(crate) struct Index<'a> {
    by_id: BTreeMap<&'a ObjectId, &'a Resource>,
    by_kind: BTreeMap<Kind, Vec<&'a Resource>>,
    virtual_services: ByHost<'a>,
    service_entries: ByHost<'a>,
    gateways: ByHost<'a>,
}

#[derive(Default)]
struct ByHost<'a> {
    exact: BTreeMap<String, Vec<&'a Resource>>,
    wildcards: BTreeMap<&'a str, Vec<&'a Resource>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let mut index = Index {
            by_id: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            virtual_services: ByHost::default(),
            service_entries: ByHost::default(),
            gateways: ByHost::default(),
        };
        for resource in &snapshot.resources {
            index.by_id.insert(&resource.id, resource);
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
                Spec::DestinationRule(_) | Spec::Sidecar(_) => {}
            }
        }
        index
    }

    /// The object with this identity.
    pub(crate) fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.by_id.get(id).copied()
    }

    /// The objects of one kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> &[&'a Resource] {
        self.by_kind.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub(crate) fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.virtual_services.get(host)
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub(crate) fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.get(host)
    }

    /// Gateway objects with a server for the host or for a wildcard over it.
    pub(crate) fn gateways(&self, host: &str) -> Vec<&'a Resource> {
        self.gateways.get(host)
    }
}

impl<'a> ByHost<'a> {
    /// `hosts` of a Gateway's server may be `namespace/host`; the namespace is left out.
    fn insert(&mut self, resource: &'a Resource, hosts: impl Iterator<Item = &'a String>) {
        for host in hosts {
            let host = host.rsplit('/').next().unwrap_or_default();
            let known = if host.starts_with('*') {
                self.wildcards.entry(host).or_default()
            } else {
                self.exact.entry(host.to_ascii_lowercase()).or_default()
            };
            if known.last().is_none_or(|last| last.id != resource.id) {
                known.push(resource);
            }
        }
    }

    fn get(&self, host: &str) -> Vec<&'a Resource> {
        let wildcards = self.wildcards.iter().filter(|(pattern, _)| host_matches(pattern, host));
        let wildcards = wildcards.flat_map(|(_, resources)| resources);
        let mut found: Vec<&Resource> = self
            .exact
            .get(&host.to_ascii_lowercase())
            .into_iter()
            .flatten()
            .chain(wildcards)
            .copied()
            .collect();
        // An object may name the host and a wildcard over it.
        found.sort_by_key(|resource| &resource.id);
        found.dedup_by_key(|resource| &resource.id);
        found
    }
}

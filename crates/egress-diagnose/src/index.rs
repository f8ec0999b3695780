//! Routes and entries by host, so that a walk over many hosts does not read every object for each.
//!
//! Knows nothing of who sees what.

use std::collections::BTreeMap;

use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::Snapshot;
use egress_core::visibility::host_matches;

/// The objects that name hosts, by host.
pub(crate) struct Index<'a> {
    virtual_services: ByHost<'a>,
    service_entries: ByHost<'a>,
}

#[derive(Default)]
struct ByHost<'a> {
    exact: BTreeMap<String, Vec<&'a Resource>>,
    wildcards: Vec<(&'a str, &'a Resource)>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let mut virtual_services = ByHost::default();
        for resource in snapshot.of_kind(Kind::VirtualService) {
            let hosts = resource.virtual_service().and_then(|spec| spec.hosts.as_ref());
            virtual_services.insert(resource, hosts.into_iter().flatten());
        }
        let mut service_entries = ByHost::default();
        for resource in snapshot.of_kind(Kind::ServiceEntry) {
            service_entries.insert(resource, resource.service_entry().iter().flat_map(|spec| &spec.hosts));
        }
        Index { virtual_services, service_entries }
    }

    /// VirtualServices of the host or of a wildcard over it.
    pub(crate) fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.virtual_services.get(host)
    }

    /// ServiceEntries of the host or of a wildcard over it.
    pub(crate) fn service_entries(&self, host: &str) -> Vec<&'a Resource> {
        self.service_entries.get(host)
    }
}

impl<'a> ByHost<'a> {
    fn insert(&mut self, resource: &'a Resource, hosts: impl Iterator<Item = &'a String>) {
        for host in hosts {
            if host.starts_with('*') {
                self.wildcards.push((host, resource));
            } else {
                self.exact.entry(host.to_ascii_lowercase()).or_default().push(resource);
            }
        }
    }

    fn get(&self, host: &str) -> Vec<&'a Resource> {
        let exact = self.exact.get(&host.to_ascii_lowercase()).into_iter().flatten().copied();
        let wildcards = self.wildcards.iter().filter(|(pattern, _)| host_matches(pattern, host));
        exact.chain(wildcards.map(|(_, resource)| *resource)).collect()
    }
}

//! The endpoints of a service's port, and where an address leads.
//!
//! Follows `pilot/pkg/serviceregistry/serviceentry/conversion.go` for ServiceEntries, and Kubernetes for Services. Knows
//! nothing of clusters and TLS. WorkloadEntries are read in [`workload_entries`](super::workload_entries).

use std::collections::{BTreeMap, HashSet};

use egress_istio::service_entry::ServiceEntryPorts;

use super::service::{MeshPort, MeshResolution, MeshService, ServiceSource};
use super::workload_entries::{self, NETWORK, SelectedPort, SelectedWorkload, TLS_MODE};
use super::world::World;
use crate::related_resources::SliceFacts;
use crate::resource::Resource;
use crate::snapshot::{PodFacts, ServiceFacts, ServicePort};

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// An address, or a name that the proxy resolves.
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) labels: BTreeMap<String, String>,
    /// A proxy of the mesh takes its connections.
    pub(super) speaks_mesh_mtls: bool,
}

impl From<SelectedWorkload> for Endpoint {
    fn from(selected: SelectedWorkload) -> Self {
        let SelectedWorkload { address, port, labels, speaks_mesh_mtls } = selected;
        Endpoint { address, port, labels, speaks_mesh_mtls }
    }
}

/// The endpoints of a port of a service that istiod sends: of all services of its host in its namespace those whose port has
/// the same **name**, whatever its number. `BuildClusterLoadAssignment` in `pilot/pkg/xds/endpoints/endpoint_builder.go`.
pub(super) fn endpoints(world: &World<'_>, service: &MeshService<'_>, port: &MeshPort<'_>) -> Vec<Endpoint> {
    of_host(world, service, |own| own.name == port.name)
}

/// The endpoints of a port of a service as a proxy gets them with its clusters and listeners: those whose port has the same
/// **number**. `CopyEndpoints` in `pilot/pkg/model/endpointshards.go`.
pub(super) fn endpoints_of_number(world: &World<'_>, service: &MeshService<'_>, port: u16) -> Vec<Endpoint> {
    of_host(world, service, |own| own.number == port)
}

fn of_host(
    world: &World<'_>,
    service: &MeshService<'_>,
    is_wanted: impl Fn(&MeshPort<'_>) -> bool,
) -> Vec<Endpoint> {
    let same = |other: &&MeshService<'_>| other.namespace == service.namespace;
    let mut found = Vec::new();
    let mut seen: Vec<&Resource> = Vec::new();
    let mut has_endpoints: HashSet<u16> = HashSet::new();
    for one in world.services_of(&service.host).filter(same) {
        if let ServiceSource::Entry(entry) = one.source {
            // A host with several addresses is several services with the same endpoints.
            if seen.iter().any(|known| known.id == entry.id) {
                continue;
            }
            seen.push(entry);
        }
        for port in &one.ports {
            let mut own = match one.source {
                ServiceSource::Kubernetes(facts) => {
                    let entries = world.workload_entries(&facts.namespace);
                    let selected = workload_entries::of_kubernetes(entries, facts, port.number).into_iter();
                    let pods = of_kubernetes(world, facts, port.number).into_iter();
                    pods.chain(selected.map(Endpoint::from)).collect()
                }
                ServiceSource::Entry(entry) => of_entry(world, one, entry, port.number),
            };
            // Such a service has one endpoint, and none where an older one has any. `mergeServicesInstancesByNamespaceHost`.
            if one.resolution == MeshResolution::DnsRoundRobin {
                own.truncate(usize::from(!has_endpoints.contains(&port.number)));
            }
            if !own.is_empty() && !one.is_kubernetes() {
                has_endpoints.insert(port.number);
            }
            if is_wanted(port) {
                found.extend(own);
            }
        }
    }
    found
}

impl MeshService<'_> {
    /// The port that a proxy dials where the application's own destination is kept; none: the one that was called.
    pub(super) fn target_of(&self, port: u16) -> Option<u16> {
        let ServiceSource::Entry(entry) = self.source else { return None };
        if self.resolution != MeshResolution::Original {
            return None;
        }
        let mut ports = entry.service_entry()?.ports.iter().flatten();
        let found = ports.find(|one| one.number == i64::from(port))?;
        found.target_port.and_then(|target| u16::try_from(target).ok()).filter(|target| *target != 0)
    }
}

/// The pods of a Service that are ready, each with the port of the pod.
pub(super) fn of_kubernetes(world: &World<'_>, facts: &ServiceFacts, port: u16) -> Vec<Endpoint> {
    let Some(found) = facts.ports.iter().find(|one| one.number == port && !one.udp) else {
        return Vec::new();
    };
    let written = of_slices(world, facts, found);
    if facts.selector.is_empty() || written.is_some() {
        return written.unwrap_or_default();
    }
    let Some(target) = found.target else { return Vec::new() };
    let pods = world.pods_with(&facts.namespace, &&facts.selector);
    pods.into_iter().filter(|pod| pod.ready && !pod.finished).filter_map(|pod| of_pod(pod, target)).collect()
}

/// The endpoints in EndpointSlices of a Service; none where it has no slice.
fn of_slices(world: &World<'_>, facts: &ServiceFacts, port: &ServicePort) -> Option<Vec<Endpoint>> {
    let all = world.related.endpoint_slices.iter();
    let mut slices = all.filter(|slice| slice.is_of(facts)).peekable();
    slices.peek()?;
    let mut found = Vec::new();
    for slice in slices {
        let ready = slice.spec.addresses.iter().filter(|address| !slice.spec.not_ready.contains(address));
        let ports: Vec<u16> = numbers(&slice.spec, port);
        found.extend(ready.flat_map(|address| ports.iter().map(move |port| (address, *port))));
    }
    let is_ready = |address: &str| world.pod_at(address).is_none_or(|pod| pod.ready && !pod.finished);
    let all = found.into_iter().filter(|(address, _)| is_ready(address));
    let endpoint = |(address, port): (&String, u16)| {
        let pod = world.pod_at(address).filter(|pod| pod.namespace == facts.namespace);
        match pod.and_then(|pod| of_pod(pod, port)) {
            // A pod may have addresses of IPv4 and of IPv6.
            Some(endpoint) => Endpoint { address: address.clone(), ..endpoint },
            None => {
                Endpoint { address: address.clone(), port, labels: BTreeMap::new(), speaks_mesh_mtls: false }
            }
        }
    };
    Some(all.map(endpoint).collect())
}

/// The numbers that a slice has for a port of the Service: those of the same name.
fn numbers(slice: &SliceFacts, port: &ServicePort) -> Vec<u16> {
    let number = |number: &i32| u16::try_from(*number).ok();
    if slice.port_names.len() == slice.ports.len() {
        let named = slice.ports.iter().zip(&slice.port_names).filter(|(_, name)| **name == port.name);
        return named.filter_map(|(own, _)| number(own)).collect();
    }
    // Bundles of older versions have no names.
    match slice.ports.as_slice() {
        [only] => number(only).into_iter().collect(),
        _ => vec![port.target.unwrap_or(port.number)],
    }
}

fn of_pod(pod: &PodFacts, port: u16) -> Option<Endpoint> {
    Some(Endpoint {
        address: pod.addresses.first()?.clone(),
        port,
        labels: pod.labels.clone(),
        speaks_mesh_mtls: pod.labels.get(TLS_MODE).is_some_and(|mode| mode == "istio"),
    })
}

/// The endpoints that an entry names or selects.
pub(super) fn of_entry(
    world: &World<'_>,
    service: &MeshService<'_>,
    entry: &Resource,
    number: u16,
) -> Vec<Endpoint> {
    let Some(spec) = entry.service_entry() else { return Vec::new() };
    let mut ports = spec.ports.iter().flatten();
    let Some(port) = ports.find(|port| port.number == i64::from(number)) else { return Vec::new() };
    let target = port.target_port.filter(|target| *target != 0).unwrap_or(port.number);
    let target = u16::try_from(target).unwrap_or_default();
    if let Some(selector) = &spec.workload_selector {
        let (namespace, labels) = (&entry.id.namespace, selector.labels.iter().flatten());
        let pods = world.pods_with(namespace, &labels).into_iter();
        let pods = pods.filter(|pod| pod.ready && !pod.finished).filter_map(|pod| of_pod(pod, target));
        let port = SelectedPort { name: &port.name, target };
        let asks_dns = service.resolution.asks_dns();
        let entries = world.workload_entries(namespace);
        let selected = workload_entries::of_entry(entries, &labels, port, asks_dns);
        return pods.chain(selected.into_iter().map(Endpoint::from)).collect();
    }
    let written = spec.endpoints.as_deref().unwrap_or_default();
    if written.is_empty() {
        let asks_dns = service.resolution.asks_dns();
        let itself = Endpoint {
            address: service.host.to_string(),
            port: target,
            labels: BTreeMap::new(),
            speaks_mesh_mtls: false,
        };
        return asks_dns.then_some(itself).into_iter().collect();
    }
    let endpoint = |one: &egress_istio::service_entry::ServiceEntryEndpoints| {
        let mut labels = one.labels.clone().unwrap_or_default();
        let account = one.service_account.as_deref().is_some_and(|account| !account.is_empty());
        // `getTLSModeFromWorkloadEntry`: a service account is a sign of a proxy.
        let speaks_mesh_mtls = labels.get(TLS_MODE).map_or(account, |mode| mode == "istio");
        let address = one.address.clone().filter(|address| !address.is_empty())?;
        let port = own_port(one.ports.as_ref(), port).unwrap_or(target);
        // `AugmentLabels` in `pilot/pkg/serviceregistry/util/label/label.go`.
        labels.extend(one.network.clone().map(|network| (NETWORK.to_owned(), network)));
        Some(Endpoint { address, port, labels, speaks_mesh_mtls })
    };
    written.iter().filter_map(endpoint).collect()
}

/// The port that an endpoint has of its own for a port of the entry.
fn own_port(ports: Option<&BTreeMap<String, i64>>, port: &ServiceEntryPorts) -> Option<u16> {
    let number = ports?.get(&port.name)?;
    u16::try_from(*number).ok().filter(|number| *number != 0)
}

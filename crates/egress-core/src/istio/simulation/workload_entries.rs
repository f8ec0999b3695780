//! WorkloadEntries as endpoints: of ServiceEntries that select them, and of Kubernetes Services.
//!
//! Follows `services` in `pilot/pkg/serviceregistry/serviceentry/conversion.go` and `serviceInstancesFromWorkloadInstances` in
//! `pilot/pkg/serviceregistry/kube/controller/controller.go`. Not known: what health checks say, and target ports of Services
//! that are names.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::service::{MeshPort, MeshService, ServiceSource};
use crate::label_selector::has_labels;
use crate::related_resources::{Named, WorkloadEntryFacts};
use crate::snapshot::ServiceFacts;

/// The WorkloadEntries of a namespace.
type WorkloadEntries<'q> = &'q [&'q Named<WorkloadEntryFacts>];

/// The label by which a workload says that a proxy of the mesh takes its connections.
pub(super) const TLS_MODE: &str = "security.istio.io/tlsMode";
/// The label of a pod, an endpoint or the namespace of istiod that names its network.
pub(super) const NETWORK: &str = "topology.istio.io/network";

/// A WorkloadEntry that is an endpoint.
pub(super) struct SelectedWorkload {
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) speaks_mesh_mtls: bool,
}

/// A port of a service.
#[derive(Clone, Copy)]
pub(super) struct SelectedPort<'q> {
    /// Its name, by which a WorkloadEntry may have another number.
    pub(super) name: &'q str,
    /// The number where it has none.
    pub(super) target: u16,
}

/// The endpoints that a ServiceEntry selects, in the order of their names. Only a proxy that asks DNS can use
/// names of hosts.
pub(super) fn of_entry<'l>(
    entries: WorkloadEntries<'_>,
    selector: &(impl IntoIterator<Item = (&'l String, &'l String)> + Clone),
    port: SelectedPort<'_>,
    asks_dns: bool,
) -> Vec<SelectedWorkload> {
    entries.iter().filter_map(|entry| endpoint(entry, selector, port, asks_dns)).collect()
}

/// The endpoints that a Kubernetes Service selects.
pub(super) fn of_kubernetes(
    entries: WorkloadEntries<'_>,
    facts: &ServiceFacts,
    number: u16,
) -> Vec<SelectedWorkload> {
    selected(entries, facts, number, false)
}

/// The endpoints of a service that have names, which only ztunnel uses where the service asks no DNS.
/// `workloadEntryWorkloadBuilder` in `pilot/pkg/serviceregistry/ambient/workloads.go`.
pub(super) fn named(
    entries: WorkloadEntries<'_>,
    service: &MeshService<'_>,
    port: &MeshPort<'_>,
) -> Vec<SelectedWorkload> {
    let all = match service.source {
        ServiceSource::Kubernetes(facts) => selected(entries, facts, port.number, true),
        ServiceSource::Entry(entry) => {
            let spec = entry.service_entry();
            let Some(selector) = spec.and_then(|spec| spec.workload_selector.as_ref()) else {
                return Vec::new();
            };
            let mut ports = spec.into_iter().flat_map(|spec| spec.ports.iter().flatten());
            let found = ports.find(|own| own.number == i64::from(port.number));
            let target = found.and_then(|own| own.target_port).and_then(|target| u16::try_from(target).ok());
            let target = target.filter(|target| *target != 0).unwrap_or(port.number);
            let port = SelectedPort { name: port.name, target };
            of_entry(entries, &selector.labels.iter().flatten(), port, true)
        }
    };
    all.into_iter().filter(|endpoint| endpoint.address.parse::<IpAddr>().is_err()).collect()
}

fn selected(
    entries: WorkloadEntries<'_>,
    facts: &ServiceFacts,
    number: u16,
    takes_names: bool,
) -> Vec<SelectedWorkload> {
    if facts.selector.is_empty() || facts.headless || facts.external_name.is_some() {
        return Vec::new();
    }
    let port = facts.ports.iter().find(|port| port.number == number && !port.udp);
    let Some((port, target)) = port.and_then(|port| Some((port, port.target?))) else { return Vec::new() };
    let port = SelectedPort { name: &port.name, target };
    entries.iter().filter_map(|entry| endpoint(entry, &&facts.selector, port, takes_names)).collect()
}

fn endpoint<'l>(
    entry: &Named<WorkloadEntryFacts>,
    selector: &(impl IntoIterator<Item = (&'l String, &'l String)> + Clone),
    port: SelectedPort<'_>,
    takes_names: bool,
) -> Option<SelectedWorkload> {
    let spec = &entry.spec;
    let mut labels: BTreeMap<String, String> = spec.labels.clone();
    labels.extend(entry.labels.clone());
    let address = spec.address.clone().filter(|address| !address.is_empty())?;
    if !has_labels(&labels, selector.clone()) || !(takes_names || address.parse::<IpAddr>().is_ok()) {
        return None;
    }
    let own = spec.ports.get(port.name).and_then(|number| u16::try_from(*number).ok());
    let has_account = spec.service_account.as_deref().is_some_and(|account| !account.is_empty());
    let speaks_mesh_mtls = labels.get(TLS_MODE).map_or(has_account, |mode| mode == "istio");
    let port = own.filter(|number| *number != 0).unwrap_or(port.target);
    labels.extend(spec.network.clone().map(|network| (NETWORK.to_owned(), network)));
    Some(SelectedWorkload { address, port, labels, speaks_mesh_mtls })
}

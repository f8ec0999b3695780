//! Ambient mode: which pods send through ztunnel, which endpoints take HBONE, and which waypoint a service has.
//!
//! Follows `fetchWaypointForService` and `makeWaypoint` in `pilot/pkg/serviceregistry/ambient/waypoints.go`, and `supportTunnel`
//! in `pilot/pkg/xds/endpoints/endpoint_builder.go`. Waypoints of workloads and other networks are not known here.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use serde_json::Value;

use super::endpoint::Endpoint;
use super::service::{MeshResolution, MeshService, ServiceSource, allocated};
use super::world::World;
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::istio::waypoints::{Waypoint, chosen, waypoints};
use crate::label_selector::has_labels;
use crate::snapshot::PodFacts;

/// The label by which istiod says what it made for a Gateway.
const MANAGED: &str = "gateway.istio.io/managed";
/// What it says of waypoints.
const OF_WAYPOINTS: &str = "istio.io-mesh-controller";
/// The label by which a pod says that it takes HBONE.
const TUNNEL: &str = "networking.istio.io/tunnel";
/// The annotation by which the node's agent says that ztunnel stands before a pod.
const REDIRECTION: &str = "ambient.istio.io/redirection";

/// What ambient mode is asked for with each call.
pub(super) struct AmbientIndex<'a> {
    /// Waypoints by namespace and name.
    waypoints: HashMap<(&'a str, &'a str), Waypoint<'a>>,
    /// The positions of services by their addresses.
    by_address: HashMap<IpAddr, usize>,
    /// Addresses that several hosts have.
    shared: HashSet<IpAddr>,
}

impl<'a> World<'a> {
    fn ambient_index(&self) -> &AmbientIndex<'a> {
        self.ambient.get_or_init(|| {
            let waypoints = waypoints(&self.related.gateway_api).into_iter();
            let (mut by_address, mut shared) = (HashMap::new(), HashSet::new());
            for (position, service) in self.services.iter().enumerate() {
                for address in ambient_addresses(service) {
                    let Ok(address) = address.parse() else { continue };
                    let first = *by_address.entry(address).or_insert(position);
                    if self.services.get(first).is_some_and(|known| known.host != service.host) {
                        shared.insert(address);
                    }
                }
            }
            AmbientIndex { waypoints: waypoints.map(|one| (one.id(), one)).collect(), by_address, shared }
        })
    }

    /// The service that ambient mode knows by an address.
    pub(super) fn ambient_service(&self, address: IpAddr) -> Option<&MeshService<'a>> {
        let position = self.ambient_index().by_address.get(&address)?;
        self.services.get(*position)
    }

    /// Whether several hosts have an address: ambient mode takes any of them, and not always the same one.
    pub(super) fn is_shared_address(&self, address: IpAddr) -> bool {
        self.ambient_index().shared.contains(&address)
    }

    /// Whether the ztunnel of its node takes what a pod sends.
    pub(super) fn is_captured(&self, pod: &PodFacts) -> bool {
        data_plane_mode(pod, self.labels_of(&pod.namespace)) == DataPlaneMode::Ztunnel
    }

    /// Whether a proxy sends by HBONE to an endpoint. Sidecars and gateways use the mTLS of sidecars where there is one;
    /// waypoints never do. `buildEnvoyLbEndpoint`.
    pub(super) fn takes_hbone(&self, endpoint: &Endpoint, from_waypoint: bool) -> bool {
        let says = |key: &str, wanted: &str| {
            endpoint.labels.get(key).is_some_and(|words| words.split(',').any(|word| word == wanted))
        };
        let is_captured = || self.pod_at(&endpoint.address).is_some_and(is_behind_ztunnel);
        (from_waypoint || !endpoint.speaks_mesh_mtls)
            && (says(MANAGED, OF_WAYPOINTS) || says(TUNNEL, "http") || is_captured())
    }

    /// The address or the name of the waypoint that takes the calls to a service; none where there is no such waypoint, or it
    /// is not ready.
    pub(super) fn waypoint_address(&self, service: &MeshService<'a>) -> Option<&'a str> {
        let label = |key: &str| match service.source {
            ServiceSource::Kubernetes(facts) => facts.labels.get(key),
            ServiceSource::Entry(entry) => entry.labels.get(key),
        };
        if label(MANAGED).is_some() {
            return None;
        }
        let of_namespace = self.labels_of(service.namespace);
        let (namespace, name) = chosen(label, service.namespace, of_namespace)?;
        let found = self.ambient_index().waypoints.get(&(namespace, name))?;
        let is_used = found.takes_hosts() && found.admits(service.namespace, of_namespace);
        let address = is_used.then(|| found.status().get("addresses")).flatten()?.as_array()?;
        let of_kind = |kind: &str| {
            let mut all = address.iter().filter(|address| address["type"] == kind);
            all.find_map(|address| address.get("value").and_then(Value::as_str))
        };
        of_kind("Hostname").or_else(|| of_kind("IPAddress"))
    }

    /// Whether a waypoint takes calls to the workload that has an address, where it is called by that address itself.
    /// `workloadWaypoint` of `podWorkloadBuilder` in `pilot/pkg/serviceregistry/ambient/workloads.go`.
    pub(super) fn has_waypoint_of_workloads(&self, address: IpAddr) -> bool {
        if !self.ambient_index().waypoints.values().any(Waypoint::takes_workloads) {
            return false;
        }
        let address = address.to_string();
        let pod = self.pod_at(&address).map(|pod| (pod.namespace.as_str(), &pod.labels));
        let entries = self.related.workload_entries.iter();
        let entries = entries.filter(|entry| entry.spec.address.as_ref() == Some(&address));
        let entries = entries.map(|entry| (entry.namespace.as_str(), &entry.labels));
        pod.into_iter().chain(entries).any(|(namespace, labels)| {
            let of_namespace = self.labels_of(namespace);
            let found = chosen(|key| labels.get(key), namespace, of_namespace)
                .and_then(|id| self.ambient_index().waypoints.get(&id));
            found.is_some_and(|waypoint| {
                waypoint.takes_workloads() && waypoint.admits(namespace, of_namespace)
            })
        })
    }

    /// Whether several objects declare a host: ambient mode takes any of them, and not always the same one.
    pub(super) fn is_declared_twice(&self, host: &str) -> bool {
        let mut sources = self.services_of(host).map(|service| service.source.id());
        let first = sources.next();
        sources.any(|other| Some(other) != first)
    }

    /// The services whose waypoint a pod is, oldest first: of each host that of one namespace. `findWaypointResources` in
    /// `pilot/pkg/networking/core/waypoint.go`.
    pub(super) fn waypoint_services(&self, pod: &PodFacts) -> Vec<&MeshService<'a>> {
        let mut found: Vec<&MeshService<'a>> = Vec::new();
        for service in &self.services {
            let counts = self.by_namespace(&service.host);
            let is_it = counts.into_iter().any(|one| std::ptr::eq(one, service));
            let is_internal_by_name =
                service.resolution == MeshResolution::DynamicDns && !service.is_external;
            let is_known = found.iter().any(|known| known.host == service.host);
            if is_it && !is_known && !is_internal_by_name && self.is_waypoint_of(pod, service) {
                found.push(service);
            }
        }
        found
    }

    fn is_waypoint_of(&self, pod: &PodFacts, service: &MeshService<'a>) -> bool {
        self.waypoint_address(service).and_then(|address| self.service_at(address)).is_some_and(|facts| {
            facts.namespace == pod.namespace
                && !facts.selector.is_empty()
                && has_labels(&pod.labels, &facts.selector)
        })
    }
}

/// Whether a pod takes HBONE: itself, or the ztunnel of its node for it. `getWorkloadProtocol` in `workloads.go`.
pub(super) fn is_behind_ztunnel(pod: &PodFacts) -> bool {
    let says = |words: Option<&String>, wanted: &str| {
        words.is_some_and(|words| words.split(',').any(|word| word == wanted))
    };
    says(pod.annotations.get(REDIRECTION), "enabled") || says(pod.labels.get(TUNNEL), "http")
}

/// The addresses by which ambient mode knows a service: its own, else those that istiod gave to the host.
/// `getAllAddressesForProxy` in `pilot/pkg/model/service.go`.
pub(super) fn ambient_addresses(service: &MeshService<'_>) -> Vec<String> {
    let own: Vec<String> = service.addresses.iter().map(ToString::to_string).collect();
    let ServiceSource::Entry(entry) = service.source else { return own };
    if own.is_empty() { allocated(entry, &service.host).to_vec() } else { own }
}

//! What the ztunnel of a node does with the calls of its pods: to the service's waypoint, to a pod, or as they are.
//!
//! Follows `build_request` in `src/proxy/outbound.rs` of istio/ztunnel. It reads no byte of a call. What waypoints do
//! with calls to workloads is not known here.

use super::ambient::is_behind_ztunnel;
use super::endpoint::{Endpoint, endpoints, endpoints_of_number, of_kubernetes};
use super::service::{MeshResolution, ServiceSource};
use super::walk::{Bytes, Place, Walk};
use super::workload_entries;
use crate::istio::call::{End, Refusal};
use crate::istio::protocol::PortProtocol;
use crate::istio::waypoints::HBONE;

impl Walk<'_, '_> {
    /// A call that ztunnel takes from its pod.
    pub(super) fn by_ztunnel(&mut self, place: Place, bytes: &Bytes) {
        let world = self.world;
        let Some(service) = world.ambient_service(place.address) else {
            if world.has_waypoint_of_workloads(place.address) {
                return self.end(End::Undecided);
            }
            return self.send_to_address(place, bytes);
        };
        if world.is_shared_address(place.address) || world.is_declared_twice(&service.host) {
            return self.end(End::Undecided);
        }
        if let Some(address) = world.waypoint_address(service) {
            let waypoint = world.service_at(address);
            // Of a Service without a selector ambient mode takes those in its slices that are no pods, which nobody computes.
            if waypoint.is_some_and(|waypoint| waypoint.selector.is_empty()) {
                return self.end(End::Undecided);
            }
            let pods = waypoint.map(|waypoint| of_kubernetes(world, waypoint, HBONE));
            return self.send_to_waypoint(&pods.unwrap_or_default(), place, bytes);
        }
        if service.resolution == MeshResolution::Original {
            return self.send_to_address(place, bytes);
        }
        let mut ports = service.ports.iter().filter(|port| port.number == place.port);
        if ports.clone().count() > 1 {
            // One of them is for UDP, and ztunnel takes either.
            return self.end(End::Undecided);
        }
        let found = match ports.clone().find(|port| port.protocol != PortProtocol::Udp) {
            // ztunnel is not told that a port is for UDP.
            None if ports.next().is_some() => return self.end(End::Undecided),
            Some(_) if service.resolution.asks_dns() => endpoints_of_number(world, service, place.port),
            Some(port) => {
                let named = workload_entries::named(world.workload_entries(service.namespace), service, port);
                endpoints(world, service, port)
                    .into_iter()
                    .chain(named.into_iter().map(Endpoint::from))
                    .collect()
            }
            None => Vec::new(),
        };
        if found.is_empty() {
            return self.refused(Refusal::NoEndpoint);
        }
        // Of a Service without a selector ambient mode takes what its slices do not call a pod. What they call a pod is not read.
        let is_unselected =
            matches!(service.source, ServiceSource::Kubernetes(facts) if facts.selector.is_empty());
        for endpoint in &found {
            let may_be_left_out = is_unselected && world.pod_at(&endpoint.address).is_some();
            if may_be_left_out || world.is_elsewhere(endpoint, self.pod) {
                self.end(End::Undecided);
                continue;
            }
            match endpoint.address.parse() {
                Ok(address) => self.send_to_address(Place { address, port: endpoint.port }, bytes),
                Err(_) => self.arrive(&endpoint.address, endpoint.port, bytes),
            }
        }
    }

    fn send_to_waypoint(&mut self, pods: &[Endpoint], place: Place, bytes: &Bytes) {
        if pods.is_empty() {
            return self.refused(Refusal::NoEndpoint);
        }
        for pod in pods {
            match self.world.pod_at(&pod.address) {
                Some(pod) => self.by_hbone(pod, place, bytes),
                None => self.refused(Refusal::NoListener),
            }
        }
    }

    /// A call to a pod or to something that is no pod.
    fn send_to_address(&mut self, place: Place, bytes: &Bytes) {
        let address = place.address.to_string();
        match self.world.pod_at(&address).filter(|pod| is_behind_ztunnel(pod)) {
            Some(pod) => self.by_hbone(pod, place, bytes),
            None => self.arrive(&address, place.port, bytes),
        }
    }
}

//! Where a connection comes to: a pod, the next proxy, or somewhere outside.
//!
//! Knows nothing of what a proxy does with it.

use super::cluster::ClusterKey;
use super::endpoint::of_kubernetes;
use super::walk::{Bytes, Place, Walk};
use super::waypoint;
use crate::istio::call::{End, Hop, Passage, Refusal};
use crate::istio::features::Reach;
use crate::snapshot::{PodFacts, ProxyRole};

/// A call that comes to one gateway more often goes in a circle.
const VISITS: usize = 4;

impl<'w> Walk<'_, 'w> {
    /// A connection to an address or a name: a pod, a Service of the cluster, or something outside.
    pub(super) fn arrive(&mut self, address: &str, port: u16, bytes: &Bytes) {
        if let Some(pod) = self.world.pod_at(address) {
            return self.at_pod(pod, address, port, bytes);
        }
        let Some(service) = self.world.service_at(address) else {
            return self.leave(address, port, bytes);
        };
        let pods = of_kubernetes(self.world, service, port);
        if pods.is_empty() {
            return self.refused(Refusal::NoEndpoint);
        }
        for endpoint in pods {
            match self.world.pod_at(&endpoint.address) {
                Some(pod) => self.at_pod(pod, &endpoint.address, endpoint.port, bytes),
                None => self.leave(&endpoint.address, endpoint.port, bytes),
            }
        }
    }

    fn leave(&mut self, to: &str, port: u16, bytes: &Bytes) {
        let way = Passage { hops: self.hops.clone(), end: End::Leaves { to: to.to_owned(), port } };
        let is_outside = |hop: &Hop| {
            let host = ClusterKey::parse(&hop.cluster).map(|key| key.host);
            host.is_none_or(|host| self.world.services_of(&host).all(|service| service.is_external))
        };
        let passes_on = self.hops.len() > 1 && bytes.layers.iter().any(|tls| tls.is_mesh);
        if passes_on && self.hops.last().is_some_and(|hop| hop.tls.is_none() && is_outside(hop)) {
            self.walked.wrapped.push(way.clone());
        }
        self.walked.found.push(way);
    }

    /// A connection in HBONE to a pod, for an address that is the pod's own or that of a service with this waypoint.
    pub(super) fn by_hbone(&mut self, pod: &'w PodFacts, place: Place, bytes: &Bytes) {
        let name = format!("{}/{}", pod.namespace, pod.name);
        match pod.proxy.as_ref().map(|proxy| proxy.role).filter(|_| !pod.has_sidecar) {
            // A gateway does not listen for it.
            Some(ProxyRole::Router) => self.refused(Refusal::NoListener),
            Some(ProxyRole::Waypoint) if self.world.has_no_ambient_mode() => self.end(End::Undecided),
            Some(ProxyRole::Waypoint) => {
                if self.hops.iter().filter(|hop| hop.proxy == name).count() >= VISITS {
                    return self.refused(Refusal::Loop);
                }
                let proxy = self.simulation.waypoint(pod);
                let (address, port) = (place.address, place.port);
                match waypoint::chains(&proxy.scope, proxy.waypoint_routes(), address, port) {
                    Some(chains) => self.through(&proxy, &chains, place, bytes),
                    None => self.refused(Refusal::NoFilterChain),
                }
            }
            _ => self.end(End::Arrives { pod: name, port: place.port }),
        }
    }

    fn at_pod(&mut self, pod: &'w PodFacts, address: &str, port: u16, bytes: &Bytes) {
        // A pod whose arguments were not read is a gateway if its proxy stands beside nothing.
        let may_be = |role| matches!(role, ProxyRole::Router | ProxyRole::Untold);
        let is_gateway = pod.proxy.as_ref().is_some_and(|proxy| may_be(proxy.role)) && !pod.has_sidecar;
        let name = format!("{}/{}", pod.namespace, pod.name);
        if !is_gateway {
            return self.end(End::Arrives { pod: name, port });
        }
        // Whether it listens there depends on a setting of istiod.
        let has_v4 = pod.addresses.iter().any(|own| !own.contains(':'));
        if has_v4 && address.contains(':') {
            return self.end(End::Undecided);
        }
        let visits = self.hops.iter().filter(|hop| hop.proxy == name).count();
        if visits >= VISITS {
            return self.refused(Refusal::Loop);
        }
        let proxy = self.simulation.gateway(pod);
        if proxy.has_open_servers() || self.world.features.leave_open(Reach::Gateways) {
            return self.end(End::Undecided);
        }
        let address = pod.addresses.first().and_then(|address| address.parse().ok());
        let chains = proxy.gateway_chains(port);
        match (chains.as_ref(), address) {
            (None, _) if proxy.filters().may_move_connections(port) => self.end(End::Undecided),
            (None, _) => self.refused(Refusal::NoListener),
            (Some(_), None) => self.refused(Refusal::NoEndpoint),
            (Some(chains), Some(address)) => self.through(&proxy, chains, Place { address, port }, bytes),
        }
    }
}

//! What istiod and Envoy make of objects: where a call of a pod ends, and by which objects.
//!
//! Computes for one call what istiod computes for all: the caller's listener, its filter chain, route, cluster and endpoint,
//! and the same at each gateway on the way. Each file names the function of istio/istio that it follows (read at 1.31).
//! A call that meets a route or a gateway of the Gateway API, a policy whose answer the objects do not tell, or in ambient mode a
//! host that several objects declare, is left open.
//! Not known: EnvoyFilters, WorkloadEntries, waypoints of workloads, pods with addresses of IPv4 and of IPv6, calls that a
//! gateway sends to a waypoint, policies at the pods that calls arrive at, and what servers outside say.

mod aliases;
mod ambient;
mod authorization;
mod cause;
mod chain;
mod cluster;
mod computed;
mod delegates;
mod destination_rules;
mod endpoint;
mod entered;
mod gateway;
mod gateway_api;
mod gateway_routes;
mod gateway_rules;
mod host_index;
mod host_name;
mod http_match;
mod http_rules;
mod import;
mod memo;
mod outbound;
mod outbound_tcp;
mod scope;
mod service;
mod sni_dnat;
mod tcp_rules;
mod virtual_host;
mod walk;
mod waypoint;
mod world;
mod ztunnel;

pub use cause::EndCause;
pub use entered::EnteredGateway;
pub use gateway::OpenedServer;
pub use host_name::overlap;
pub use world::World;

use std::sync::Arc;

use self::memo::Memo;
use self::scope::ProxyScope;
use super::call::{Call, Passage};
use crate::resource::{ObjectId, Resource};
use crate::snapshot::PodFacts;

/// What istiod and Envoy do with calls in one world. Keeps what was computed for a proxy, for further calls.
pub struct Simulation<'w> {
    world: &'w World<'w>,
    /// By namespace, name, and what it is asked as.
    scopes: Memo<(&'w str, &'w str, AskedAs), ProxyScope<'w>>,
}

/// What a pod's proxy is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AskedAs {
    Sidecar,
    Gateway,
    Waypoint,
}

/// So many proxies are kept: each knows all hosts that it sees.
const PROXIES: usize = 32;

impl<'w> Simulation<'w> {
    /// A simulation of this world.
    pub fn new(world: &'w World<'w>) -> Self {
        Simulation { world, scopes: Memo::new(PROXIES) }
    }

    /// Every way that a call may take, sorted; none where the caller is no pod with a sidecar.
    pub fn passages(&self, call: &Call) -> Vec<Passage> {
        walk::walk(self, call)
    }

    /// Whether the sidecar of a pod (`namespace/name`) follows the rules of a VirtualService for a port.
    pub fn follows(&self, pod: &str, route: &ObjectId, port: u16) -> bool {
        let Some(pod) = self.world.pod(pod).filter(|pod| pod.has_sidecar) else { return false };
        let scope = self.sidecar(pod);
        scope.listener_for(port).is_some_and(|listener| listener.virtual_services.has(route))
    }

    /// The reason for the end of a passage that `route` wanted to lead through a gateway; none where it is not found.
    pub fn cause(
        &self,
        call: &Call,
        host: &str,
        route: &Resource,
        passage: &Passage,
    ) -> Option<EndCause<'w>> {
        cause::cause(self, call, host, route, passage)
    }

    fn sidecar(&self, pod: &'w PodFacts) -> Arc<ProxyScope<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Sidecar);
        self.scopes.get(key, || ProxyScope::of_sidecar(self.world, pod))
    }

    fn gateway(&self, pod: &'w PodFacts) -> Arc<ProxyScope<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Gateway);
        self.scopes.get(key, || ProxyScope::of_gateway(self.world, pod))
    }

    fn waypoint(&self, pod: &'w PodFacts) -> Arc<ProxyScope<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Waypoint);
        self.scopes.get(key, || ProxyScope::of_waypoint(self.world, pod))
    }
}

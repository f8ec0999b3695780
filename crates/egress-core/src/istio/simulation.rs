//! What istiod and Envoy make of objects: where a call of a pod ends, and by which objects.
//!
//! Computes for one call what istiod computes for all: the caller's listener, its filter chain, route, cluster and endpoint,
//! and the same at each gateway on the way. Each file names the function of istio/istio that it follows (read at 1.31).
//! Not known: EnvoyFilters, WorkloadEntries, the Gateway API, ambient mode, authorization, and what servers outside say.

mod aliases;
mod cause;
mod chain;
mod cluster;
mod delegates;
mod destination_rules;
mod endpoint;
mod entered;
mod gateway;
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
mod world;

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
    /// By namespace, name, and whether as a gateway.
    scopes: Memo<(&'w str, &'w str, bool), ProxyScope<'w>>,
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

    /// Where the call came to the proxy of a hop; behind the last hop: to the gateway that refused it. None for the caller's
    /// own proxy, and where the cluster before does not lead to pods of a gateway.
    pub fn entered(
        &self,
        call: &Call,
        host: &str,
        passage: &Passage,
        hop: usize,
    ) -> Option<EnteredGateway<'w>> {
        entered::entered(self, call, host, passage, hop)
    }

    fn sidecar(&self, pod: &'w PodFacts) -> Arc<ProxyScope<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), false);
        self.scopes.get(key, || ProxyScope::of_sidecar(self.world, pod))
    }

    fn gateway(&self, pod: &'w PodFacts) -> Arc<ProxyScope<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), true);
        self.scopes.get(key, || ProxyScope::of_gateway(self.world, pod))
    }
}

//! What istiod and Envoy make of objects: where a call of a pod ends, and by which objects.
//!
//! Computes for one call what istiod computes for all: the caller's listener, its filter chain, route, cluster and endpoint,
//! and the same at each gateway on the way. Each file names the function of istio/istio that it follows (read at 1.31).
//! Not known: servers of mode AUTO_PASSTHROUGH, delegates, EnvoyFilters, WorkloadEntries, the Gateway API, ambient mode, authorization, and what servers outside say.

mod cause;
mod chain;
mod cluster;
mod destination_rules;
mod endpoint;
mod gateway;
mod gateway_routes;
mod gateway_rules;
mod host_name;
mod http_match;
mod http_rules;
mod import;
mod outbound;
mod scope;
mod service;
mod tcp_rules;
mod virtual_host;
mod walk;
mod world;

pub use cause::{EndCause, cause};
pub use gateway::OpenedServer;
pub use world::World;

use super::call::{Call, Passage};
use crate::resource::ObjectId;

/// Whether the sidecar of a pod (`namespace/name`) follows the rules of a VirtualService for a port.
pub fn follows(world: &World<'_>, pod: &str, route: &ObjectId, port: u16) -> bool {
    let Some(pod) = world.pod(pod).filter(|pod| pod.has_sidecar) else { return false };
    let scope = scope::ProxyScope::of_sidecar(world, pod);
    let listener = scope.listener_for(port);
    listener.is_some_and(|listener| listener.virtual_services.iter().any(|known| known.id == *route))
}

/// Every way that a call may take, sorted; none where the caller is no pod with a sidecar.
pub fn passages(world: &World<'_>, call: &Call) -> Vec<Passage> {
    walk::walk(world, call)
}

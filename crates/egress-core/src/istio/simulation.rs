//! What istiod and Envoy make of objects: where a call of a pod ends, and by which objects.
//!
//! Computes for one call what istiod computes for all: the caller's listener, its filter chain, route, cluster and endpoint,
//! and the same at each gateway on the way. Each file names the function of istio/istio that it follows (read at 1.31).
//! Not known: EnvoyFilters, WorkloadEntries, the Gateway API, ambient mode, authorization, and what servers outside say.

mod chain;
mod cluster;
mod destination_rules;
mod endpoint;
mod gateway;
mod gateway_routes;
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

pub use world::World;

use super::call::{Call, Passage};

/// Every way that a call may take, sorted; none where the caller is no pod with a sidecar.
pub fn passages(world: &World<'_>, call: &Call) -> Vec<Passage> {
    walk::walk(world, call)
}

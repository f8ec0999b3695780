//! What istiod and Envoy make of objects: where a call of a pod ends, and by which objects.
//!
//! Computes for one call what istiod computes for all: the caller's listener, its filter chain, route, cluster and endpoint,
//! and the same at each gateway on the way. Each file names the function of istio/istio that it follows (read at 1.31).
//! Left open is a call that an EnvoyFilter may move, that meets a policy whose answer the objects do not tell or something
//! of the Gateway API that is not simulated (`istio/gateway_api`), that a setting of istiod may change (`istio/features`), that
//! goes to another network, or in ambient mode to a host that several objects declare or to a workload with a waypoint. Not
//! known: pods with addresses of IPv4 and of IPv6, calls that a gateway sends to a waypoint, policies at the pods that calls
//! arrive at, and what servers outside say.

mod aliases;
mod ambient;
mod arrival;
mod authorization;
mod cause;
mod chain;
mod cluster;
mod delegates;
pub(crate) mod destination_rules;
mod endpoint;
mod entered;
mod features;
mod filters;
mod gateway;
mod gateway_api;
mod gateway_routes;
mod gateway_rules;
mod gateway_server;
mod harmless;
mod host_index;
mod host_name;
mod http_match;
mod http_rules;
mod import;
mod memo;
mod networks;
mod outbound;
mod outbound_tcp;
mod own_clusters;
mod policies;
mod proxies;
mod proxy;
mod scope;
mod service;
mod service_targets;
mod sni_dnat;
mod tcp_rules;
mod virtual_host;
mod walk;
mod walked;
mod waypoint;
mod workload_entries;
mod world;
mod ztunnel;

pub use cause::EndCause;
pub use entered::EnteredGateway;
pub use filters::may_move_calls;
pub use gateway::OpenedServer;
pub use host_name::overlap;
pub(crate) use host_name::{is_subset, is_subset_by};
pub use proxies::Simulation;
pub use world::World;

use egress_istio::virtual_service::VirtualServiceHttp;

use super::authorization::Denial;
use super::call::{Call, Passage};
use super::features::IstiodFeatures;
use crate::resource::{ObjectId, Resource};

impl<'w> Simulation<'w> {
    /// Every way that a call may take, sorted; none where the caller is no pod with a sidecar.
    pub fn passages(&self, call: &Call) -> Vec<Passage> {
        walk::passages(self, call)
    }

    /// The same, with those of them that leave a gateway in mesh mTLS: a gateway passed it on, and no host outside speaks it.
    pub fn passages_and_wrapped(&self, call: &Call) -> (Vec<Passage>, Vec<Passage>) {
        walk::wrapped(self, call)
    }

    /// The ways of a call that an `AuthorizationPolicy` ends, each with the policy and the rule that decide.
    pub fn denials(&self, call: &Call) -> Vec<(Passage, Denial<'w>)> {
        walk::denials(self, call)
    }

    /// The settings of istiod.
    pub fn features(&self) -> &IstiodFeatures {
        &self.world.features
    }

    /// Whether the sidecar of a pod (`namespace/name`) follows the rules of a VirtualService for a port.
    pub fn follows(&self, pod: &str, route: &ObjectId, port: u16) -> bool {
        let Some(pod) = self.world.pod(pod).filter(|pod| pod.has_sidecar) else { return false };
        let proxy = self.sidecar(pod);
        proxy.scope.listener_for(port).is_some_and(|listener| listener.virtual_services.has(route))
    }

    /// The HTTP rules of a VirtualService with those of its delegates in their places, each with the index of its own rule.
    pub fn http_rules<'s>(
        &'s self,
        route: &'s Resource,
    ) -> impl Iterator<Item = (usize, &'s VirtualServiceHttp)> {
        let merged = &self.world.merged_rules;
        merged.of(route).iter().enumerate().map(move |(place, rule)| (merged.written(route, place), rule))
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
}

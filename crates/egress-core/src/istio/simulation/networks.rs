//! Several networks: endpoints of another network are reached through its gateways, which nobody computes here.
//!
//! Follows `EndpointsByNetworkFilter` in `pilot/pkg/xds/endpoints/ep_filters.go` as far as it leaves endpoints as they are. Not
//! known: the networks that the mesh configuration gives to ranges of addresses, and endpoints in other clusters.

use super::cluster::ClusterEnds;
use super::endpoint::Endpoint;
use super::scope::ProxyScope;
use super::workload_entries::NETWORK;
use super::world::World;
use crate::snapshot::PodFacts;

impl ClusterEnds {
    /// Whether some endpoint is on another network than the proxy.
    pub(super) fn lead_elsewhere(&self, scope: &ProxyScope<'_>) -> bool {
        let ClusterEnds::Endpoints(all) = self else { return false };
        all.iter().any(|(endpoint, _)| scope.world.is_elsewhere(endpoint, scope.pod))
    }
}

impl World<'_> {
    /// Whether an endpoint is on another network than a proxy, or may be.
    pub(super) fn is_elsewhere(&self, endpoint: &Endpoint, pod: &PodFacts) -> bool {
        let Some(network) = endpoint.labels.get(NETWORK).filter(|network| !network.is_empty()) else {
            return false;
        };
        let usual = || self.labels_of(&self.mesh.root_namespace).and_then(|labels| labels.get(NETWORK));
        pod.labels.get(NETWORK).or_else(usual) != Some(network)
    }
}

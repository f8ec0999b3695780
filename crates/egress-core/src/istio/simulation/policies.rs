//! The AuthorizationPolicies of a proxy: those of a gateway's pod, and those of a waypoint for one service.
//!
//! Which policies a pod has is in [`crate::istio::authorization`]. Knows nothing of connections.

use super::gateway_api::GATEWAY;
use super::scope::ProxyScope;
use super::service::MeshService;
use crate::istio::authorization::Authorization;

/// The policies of a gateway's pod.
pub(super) fn of_gateway<'w>(scope: &ProxyScope<'w>) -> Authorization<'w> {
    let (world, pod) = (scope.world, scope.pod);
    let all = &world.related.authorization_policies;
    Authorization::at_pod(all, &world.mesh.root_namespace, &pod.namespace, &pod.labels)
}

/// The policies of a waypoint's pod for calls to a service.
pub(super) fn of_waypoint<'w>(scope: &ProxyScope<'w>, service: &MeshService<'w>) -> Authorization<'w> {
    let (world, pod) = (scope.world, scope.pod);
    let called = service.source.id();
    let name = pod.labels.get(GATEWAY).map_or("", String::as_str);
    let all = &world.related.authorization_policies;
    Authorization::at_waypoint(all, &world.mesh.root_namespace, (&pod.namespace, name), called)
}

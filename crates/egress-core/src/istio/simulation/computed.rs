//! What is computed of a proxy's scope for calls, once each. Knows no rule of Istio.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::authorization::{of_gateway, of_waypoint};
use super::chain::ListenerChains;
use super::gateway::{ServerGroup, chains, merge};
use super::host_index::RouteList;
use super::memo::Memo;
use super::outbound::PortListeners;
use super::scope::ProxyScope;
use super::service::MeshService;
use super::virtual_host::VirtualHosts;
use super::waypoint::references;
use crate::istio::authorization::Authorization;
use crate::visibility::virtual_service::MESH;

/// So many ports of a proxy are kept.
const PORTS: usize = 64;
/// So many services of a waypoint are kept.
const SERVICES: usize = 1024;

/// What was computed for a proxy.
pub(super) struct Computed<'w> {
    ports: Memo<u16, PortListeners<'w>>,
    virtual_hosts: Memo<u16, Option<VirtualHosts<'w>>>,
    servers: OnceLock<Vec<ServerGroup<'w>>>,
    gateway_ports: Memo<u16, Option<ListenerChains<'w>>>,
    waypoint_routes: OnceLock<RouteList<'w>>,
    waypoint_references: OnceLock<HashSet<String>>,
    /// The policies of a gateway's pod.
    policies: OnceLock<Authorization<'w>>,
    is_of_gateway_api: OnceLock<bool>,
    /// Those of a waypoint's pod, by the host that is called.
    waypoint_policies: Memo<&'w str, Authorization<'w>>,
}

impl Default for Computed<'_> {
    fn default() -> Self {
        Computed {
            ports: Memo::new(PORTS),
            virtual_hosts: Memo::new(PORTS),
            servers: OnceLock::new(),
            gateway_ports: Memo::new(PORTS),
            waypoint_routes: OnceLock::new(),
            waypoint_references: OnceLock::new(),
            policies: OnceLock::new(),
            is_of_gateway_api: OnceLock::new(),
            waypoint_policies: Memo::new(SERVICES),
        }
    }
}

impl<'w> ProxyScope<'w> {
    /// The listeners of a sidecar for a port.
    pub(super) fn port_listeners(&self, port: u16) -> Arc<PortListeners<'w>> {
        self.computed.ports.get(port, || PortListeners::of(self, port))
    }

    /// The virtual hosts of a sidecar for a port; none where no part of the Sidecar is about it.
    pub(super) fn virtual_hosts(&self, port: u16) -> Arc<Option<VirtualHosts<'w>>> {
        self.computed.virtual_hosts.get(port, || VirtualHosts::of(self, port))
    }

    /// The servers of a gateway's pod.
    pub(super) fn servers(&self) -> &[ServerGroup<'w>] {
        self.computed.servers.get_or_init(|| merge(self))
    }

    /// The chains of a gateway's pod on a port; none where nothing listens.
    pub(super) fn gateway_chains(&self, port: u16) -> Arc<Option<ListenerChains<'w>>> {
        self.computed.gateway_ports.get(port, || chains(self, port))
    }

    /// The VirtualServices for sidecars that the namespace of a waypoint sees.
    pub(super) fn waypoint_routes(&self) -> &RouteList<'w> {
        self.computed.waypoint_routes.get_or_init(|| {
            let all = self.world.virtual_services_for(MESH, &self.pod.namespace);
            RouteList::new(all, self.world.mesh)
        })
    }

    /// The hosts that the rules of a waypoint's services lead to.
    pub(super) fn waypoint_references(&self) -> &HashSet<String> {
        self.computed.waypoint_references.get_or_init(|| references(self))
    }

    /// Whether the pod is a gateway of the Gateway API.
    pub(super) fn is_of_gateway_api(&self) -> bool {
        *self.computed.is_of_gateway_api.get_or_init(|| self.world.is_of_gateway_api(self.pod))
    }

    /// The AuthorizationPolicies of a gateway's pod.
    pub(super) fn policies(&self) -> &Authorization<'w> {
        self.computed.policies.get_or_init(|| of_gateway(self))
    }

    /// The AuthorizationPolicies of a waypoint's pod for calls to a service.
    pub(super) fn waypoint_policies(&self, service: &'w MeshService<'w>) -> Arc<Authorization<'w>> {
        self.computed.waypoint_policies.get(&service.host, || of_waypoint(self, service))
    }
}

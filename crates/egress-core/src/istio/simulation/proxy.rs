//! A proxy: what it is told, and what is computed of that for calls, once each. Knows no rule of Istio.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::chain::ListenerChains;
use super::filters::ProxyFilters;
use super::gateway::{ServerGroup, chains, merge};
use super::host_index::RouteList;
use super::memo::Memo;
use super::outbound::PortListeners;
use super::policies::{of_gateway, of_waypoint};
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

/// The proxy of a pod.
pub(super) struct Proxy<'w> {
    pub(super) scope: ProxyScope<'w>,
    ports: Memo<u16, PortListeners<'w>>,
    virtual_hosts: Memo<u16, Option<VirtualHosts<'w>>>,
    servers: OnceLock<Vec<ServerGroup<'w>>>,
    gateway_ports: Memo<u16, Option<ListenerChains<'w>>>,
    waypoint_routes: OnceLock<RouteList<'w>>,
    waypoint_references: OnceLock<HashSet<String>>,
    /// The policies of a gateway's pod.
    policies: OnceLock<Authorization<'w>>,
    has_open_servers: OnceLock<bool>,
    filters: OnceLock<ProxyFilters<'w>>,
    /// Those of a waypoint's pod, by the host that is called.
    waypoint_policies: Memo<&'w str, Authorization<'w>>,
}

impl<'w> Proxy<'w> {
    /// The proxy that is told this.
    pub(super) fn new(scope: ProxyScope<'w>) -> Self {
        Proxy {
            scope,
            ports: Memo::new(PORTS),
            virtual_hosts: Memo::new(PORTS),
            servers: OnceLock::new(),
            gateway_ports: Memo::new(PORTS),
            waypoint_routes: OnceLock::new(),
            waypoint_references: OnceLock::new(),
            policies: OnceLock::new(),
            has_open_servers: OnceLock::new(),
            filters: OnceLock::new(),
            waypoint_policies: Memo::new(SERVICES),
        }
    }

    /// The listeners of a sidecar for a port.
    pub(super) fn port_listeners(&self, port: u16) -> Arc<PortListeners<'w>> {
        self.ports.get(port, || PortListeners::of(&self.scope, port))
    }

    /// The virtual hosts of a sidecar for a port; none where no part of the Sidecar is about it.
    pub(super) fn virtual_hosts(&self, port: u16) -> Arc<Option<VirtualHosts<'w>>> {
        self.virtual_hosts.get(port, || VirtualHosts::of(&self.scope, port))
    }

    /// The servers of a gateway's pod.
    pub(super) fn servers(&self) -> &[ServerGroup<'w>] {
        self.servers.get_or_init(|| merge(&self.scope))
    }

    /// The chains of a gateway's pod on a port; none where nothing listens.
    pub(super) fn gateway_chains(&self, port: u16) -> Arc<Option<ListenerChains<'w>>> {
        self.gateway_ports.get(port, || chains(&self.scope, self.servers(), port))
    }

    /// The VirtualServices for sidecars that the namespace of a waypoint sees.
    pub(super) fn waypoint_routes(&self) -> &RouteList<'w> {
        self.waypoint_routes.get_or_init(|| {
            let all = self.scope.world.virtual_services_for(MESH, &self.scope.pod.namespace);
            RouteList::new(all, self.scope.world.mesh)
        })
    }

    /// The hosts that the rules of a waypoint's services lead to.
    pub(super) fn waypoint_references(&self) -> &HashSet<String> {
        self.waypoint_references.get_or_init(|| references(&self.scope))
    }

    /// Whether a Gateway of the Gateway API opens servers of the pod of which not everything is known.
    pub(super) fn has_open_servers(&self) -> bool {
        *self.has_open_servers.get_or_init(|| self.scope.world.has_open_servers(&self.scope))
    }

    /// What EnvoyFilters change.
    pub(super) fn filters(&self) -> &ProxyFilters<'w> {
        self.filters.get_or_init(|| ProxyFilters::of(&self.scope))
    }

    /// The AuthorizationPolicies of a gateway's pod.
    pub(super) fn policies(&self) -> &Authorization<'w> {
        self.policies.get_or_init(|| of_gateway(&self.scope))
    }

    /// The AuthorizationPolicies of a waypoint's pod for calls to a service.
    pub(super) fn waypoint_policies(&self, service: &'w MeshService<'w>) -> Arc<Authorization<'w>> {
        self.waypoint_policies.get(&service.host, || of_waypoint(&self.scope, service))
    }
}

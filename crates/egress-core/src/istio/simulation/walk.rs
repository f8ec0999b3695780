//! One call from proxy to proxy, until it leaves, arrives or is refused.
//!
//! Knows which bytes travel: layers of TLS around what the application said.

use std::net::IpAddr;

use super::chain::{ChainThen, EndsTls, ListenerChains, RouteTable, Seen};
use super::cluster::{ClusterEnds, ClusterKey, ProxyCluster, cluster};
use super::gateway_routes::GatewayRoute;
use super::http_match::PlainRequest;
use super::http_rules::HttpAction;
use super::outbound::proxied;
use super::own_clusters::{BY_NAME, PASSTHROUGH, own_hop};
use super::proxies::Simulation;
use super::proxy::Proxy;
use super::scope::{ProxyScope, UnknownHosts};
use super::sni_dnat::sni_dnat_cluster;
use super::virtual_host::SidecarRoute;
use super::walked::Walked;
use super::waypoint::{LedBy, WaypointRoute, waypoint_cluster};
use super::world::World;
use super::{virtual_host, waypoint};
use crate::istio::authorization::Denial;
use crate::istio::bound::full_name;
use crate::istio::call::{Call, End, Hop, Passage, Refusal, Speaks, Tls};
use crate::resource::Resource;
use crate::snapshot::PodFacts;

/// Every way of a call.
pub(super) fn passages(simulation: &Simulation<'_>, call: &Call) -> Vec<Passage> {
    wrapped(simulation, call).0
}

/// The same, with those of them that leave a gateway in mesh mTLS which none has ended.
pub(super) fn wrapped(simulation: &Simulation<'_>, call: &Call) -> (Vec<Passage>, Vec<Passage>) {
    let Walked { mut found, wrapped, .. } = walk(simulation, call);
    found.sort();
    found.dedup();
    (found, wrapped)
}

/// The ways that policies end, each with the reason.
pub(super) fn denials<'w>(simulation: &Simulation<'w>, call: &Call) -> Vec<(Passage, Denial<'w>)> {
    walk(simulation, call).denied
}

fn walk<'w>(simulation: &Simulation<'w>, call: &Call) -> Walked<'w> {
    let world = simulation.world;
    let by_proxy = |pod: &&PodFacts| pod.has_sidecar || world.is_captured(pod);
    let Some(pod) = world.pod(&call.caller).filter(by_proxy) else { return Walked::default() };
    let (layers, authority) = match &call.speaks {
        Speaks::Http { authority } => (Vec::new(), Some(authority.clone())),
        Speaks::Tls { server_name } => {
            // An application's TLS is that of HTTPS: where a gateway ends it, there is a request inside.
            let inside = server_name.clone().unwrap_or_default();
            (vec![Tls { is_mesh: false, server_name: server_name.clone() }], Some(inside))
        }
        Speaks::Bytes => (Vec::new(), None),
    };
    let bytes = Bytes { layers, authority };
    let place = Place { address: call.address, port: call.port };
    let named = match &call.speaks {
        Speaks::Http { authority } => Some(virtual_host::without_port(authority)),
        Speaks::Tls { server_name } => server_name.as_deref(),
        Speaks::Bytes => None,
    };
    if world.features_leave_open(pod, named) {
        return Walked::undecided();
    }
    let mut walk = Walk { simulation, world, pod, hops: Vec::new(), walked: Walked::default() };
    if pod.has_sidecar {
        let proxy = simulation.sidecar(pod);
        let listeners = proxy.port_listeners(call.port);
        walk.through(&proxy, listeners.chains(call.address), place, &bytes);
    } else {
        walk.by_ztunnel(place, &bytes);
    }
    walk.walked
}

/// Without a server name in the DestinationRule, a request's host is sent. `setAutoSniAndAutoSanValidation` in
/// `pilot/pkg/networking/core/cluster_tls.go`.
fn named_by_request(tls: Tls, bytes: &Bytes) -> Tls {
    let host = bytes.authority.as_deref().filter(|_| bytes.layers.is_empty() && !tls.is_mesh);
    let server_name =
        tls.server_name.or_else(|| host.map(|host| virtual_host::without_port(host).to_owned()));
    Tls { server_name, ..tls }
}

/// What is on a connection.
#[derive(Clone)]
pub(super) struct Bytes {
    /// TLS, the outermost last.
    pub(super) layers: Vec<Tls>,
    /// The host of the request inside, where it is HTTP.
    pub(super) authority: Option<String>,
}

/// Where a connection was made to.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

pub(super) struct Walk<'q, 'w> {
    pub(super) simulation: &'q Simulation<'w>,
    pub(super) world: &'w World<'w>,
    /// The pod that calls.
    pub(super) pod: &'w PodFacts,
    pub(super) hops: Vec<Hop>,
    pub(super) walked: Walked<'w>,
}

impl<'w> Walk<'_, 'w> {
    pub(super) fn end(&mut self, end: End) {
        self.walked.found.push(Passage { hops: self.hops.clone(), end });
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.end(End::Refused(refusal));
    }

    /// Whose identity a connection with mTLS has: the last proxy's, or where none is passed the caller's.
    pub(super) fn peer(&self) -> Option<&'w PodFacts> {
        self.hops.last().map_or(Some(self.pod), |hop| self.world.pod(&hop.proxy))
    }

    /// A connection at a proxy with these chains.
    pub(super) fn through(
        &mut self,
        proxy: &Proxy<'w>,
        chains: &ListenerChains<'w>,
        place: Place,
        bytes: &Bytes,
    ) {
        let scope = &proxy.scope;
        let outer = bytes.layers.last();
        let seen = Seen {
            address: place.address,
            is_tls: outer.is_some(),
            server_name: outer.and_then(|tls| tls.server_name.as_deref()),
            is_http: bytes.authority.is_some(),
            is_of_mesh: outer.is_some_and(|tls| tls.is_mesh),
        };
        let filters = proxy.filters();
        if filters.may_move_connections(place.port) {
            return self.end(End::Undecided);
        }
        let Some(chain) = chains.choose(seen) else { return self.refused(Refusal::NoFilterChain) };
        let reads_unknown = matches!(scope.unknown, UnknownHosts::LeaveByName);
        let is_http = matches!(chain.then, ChainThen::Http(_)) || reads_unknown;
        if filters.may_change_chain(place.port, is_http) {
            return self.end(End::Undecided);
        }
        let mut bytes = bytes.clone();
        if let Some(ends) = chain.ends_tls {
            // Clients without a certificate of the mesh are turned away.
            match bytes.layers.pop() {
                // Neither does a client of the mesh accept a certificate that is not the mesh's.
                Some(tls) if tls.is_mesh == (ends == EndsTls::OfMesh) => {}
                _ => return self.refused(Refusal::OtherProtocol),
            }
        }
        if !self.passes_policies(proxy, chains, chain, place, (seen.server_name, &bytes)) {
            return;
        }
        match &chain.then {
            ChainThen::Unknown { has_listener } => self.unknown(proxy, !has_listener, place, &bytes),
            ChainThen::SniDnat(key) => {
                let hop = own_hop(scope, &key.mesh_name());
                if filters.may_change_cluster(&hop.cluster) {
                    return self.end(End::Undecided);
                }
                self.send(scope, (hop, sni_dnat_cluster(scope, key)), key.port, place, &bytes);
            }
            ChainThen::Tcp(rule, clusters) => {
                for key in clusters {
                    self.send_to_cluster(proxy, key, *rule, place, &bytes);
                }
                if clusters.is_empty() {
                    self.refused(Refusal::NoCluster);
                }
            }
            ChainThen::Http(table) => {
                let Some(authority) = bytes.authority.clone().filter(|_| bytes.layers.is_empty()) else {
                    return self.refused(Refusal::OtherProtocol);
                };
                let scheme = if chain.ends_tls.is_some() { "https" } else { "http" };
                self.request(proxy, table, PlainRequest { authority: &authority, scheme }, place, &bytes);
            }
        }
    }

    fn request(
        &mut self,
        proxy: &Proxy<'w>,
        table: &RouteTable<'w>,
        request: PlainRequest<'_>,
        place: Place,
        bytes: &Bytes,
    ) {
        if proxy.filters().may_change_routes(place.port, request.authority) {
            return self.end(End::Undecided);
        }
        let (port, service) = match table {
            RouteTable::Servers(hosts) => {
                return match hosts.route(&proxy.scope, request) {
                    GatewayRoute::Rule(rule) => self.act(proxy, &rule.action, rule.resource, place, bytes),
                    GatewayRoute::Redirect => self.refused(Refusal::Answered(301)),
                    GatewayRoute::None => self.refused(Refusal::NoRoute),
                };
            }
            RouteTable::Waypoint(host, port) => {
                return match waypoint::route(&proxy.scope, proxy.waypoint_routes(), host, *port, request) {
                    WaypointRoute::Rule(rule) => self.act(proxy, &rule.action, rule.resource, place, bytes),
                    WaypointRoute::Service(key) => self.send_to_cluster(proxy, &key, None, place, bytes),
                    WaypointRoute::None => self.refused(Refusal::NoRoute),
                };
            }
            RouteTable::Port(port) => (*port, None),
            RouteTable::Service(host, port) => (*port, Some(*host)),
        };
        let hosts = proxy.virtual_hosts(port);
        let sidecar = match hosts.as_ref() {
            Some(hosts) => hosts.route(&proxy.scope, port, service, request),
            None => SidecarRoute::Unknown,
        };
        match sidecar {
            SidecarRoute::Rule(rule) => self.act(proxy, &rule.action, rule.resource, place, bytes),
            SidecarRoute::NoRule => self.refused(Refusal::NoRoute),
            SidecarRoute::Undecided => self.end(End::Undecided),
            SidecarRoute::Service(key) => self.send_to_cluster(proxy, &key, None, place, bytes),
            SidecarRoute::Unknown if matches!(table, RouteTable::Service(..)) => {
                self.refused(Refusal::NoRoute);
            }
            SidecarRoute::Unknown => self.unknown(proxy, true, place, bytes),
        }
    }

    fn act(
        &mut self,
        proxy: &Proxy<'w>,
        action: &HttpAction,
        resource: &Resource,
        place: Place,
        bytes: &Bytes,
    ) {
        match action {
            HttpAction::Answer(status) => self.refused(Refusal::Answered(*status)),
            HttpAction::Send(clusters) => {
                if clusters.is_empty() {
                    self.refused(Refusal::NoCluster);
                }
                for (key, authority) in clusters {
                    let mut bytes = bytes.clone();
                    if authority.is_some() {
                        bytes.authority.clone_from(authority);
                    }
                    self.send_to_cluster(proxy, key, Some(resource), place, &bytes);
                }
            }
        }
    }

    /// What no object is about; `reads_names` is whether the proxy may send requests where they say.
    fn unknown(&mut self, proxy: &Proxy<'w>, reads_names: bool, place: Place, bytes: &Bytes) {
        let scope = &proxy.scope;
        let is_changed = |cluster: &str| proxy.filters().may_change_cluster(cluster);
        match scope.unknown {
            UnknownHosts::LeaveByName if is_changed(BY_NAME) => self.end(End::Undecided),
            UnknownHosts::Leave | UnknownHosts::LeaveByName if is_changed(PASSTHROUGH) => {
                self.end(End::Undecided);
            }
            UnknownHosts::Refused => self.refused(Refusal::Blocked),
            UnknownHosts::LeaveByName
                if reads_names && bytes.authority.is_some() && bytes.layers.is_empty() =>
            {
                let authority = bytes.authority.clone().unwrap_or_default();
                let to = virtual_host::without_port(&authority).to_owned();
                self.hops.push(own_hop(scope, BY_NAME));
                self.arrive(&to, place.port, bytes);
                self.hops.pop();
            }
            UnknownHosts::Leave | UnknownHosts::LeaveByName => {
                self.hops.push(own_hop(scope, PASSTHROUGH));
                self.arrive(&place.address.to_string(), place.port, bytes);
                self.hops.pop();
            }
            UnknownHosts::Proxied(..) => {
                if let Some(key) = proxied(scope.unknown) {
                    self.send_to_cluster(proxy, &key, None, place, bytes);
                }
            }
        }
    }

    fn send_to_cluster(
        &mut self,
        proxy: &Proxy<'w>,
        key: &ClusterKey,
        rule: Option<&Resource>,
        place: Place,
        bytes: &Bytes,
    ) {
        let scope = &proxy.scope;
        if self.world.is_open_host(&key.host) || self.world.has_open_selection(&key.host) {
            return self.end(End::Undecided);
        }
        let filters = proxy.filters();
        let (name, found) = if scope.is_waypoint {
            let is_for_http = bytes.authority.is_some() && bytes.layers.is_empty();
            let leads = rule.map_or(LedBy::Chain { is_for_http }, |_| LedBy::Rule);
            waypoint_cluster(scope, proxy.waypoint_references(), key, leads)
        } else {
            (key.name(), cluster(scope, key))
        };
        let is_added = found.is_err() && filters.may_add_clusters();
        if is_added || filters.may_change_cluster(&name) {
            return self.end(End::Undecided);
        }
        let hop = Hop { route: rule.map(full_name), ..own_hop(scope, &name) };
        self.send(scope, (hop, found), key.port, place, bytes);
    }

    /// A connection to a cluster, or the end where there is none.
    fn send(
        &mut self,
        scope: &ProxyScope<'w>,
        (mut hop, found): (Hop, Result<ProxyCluster<'w>, Refusal>),
        named_port: u16,
        place: Place,
        bytes: &Bytes,
    ) {
        let found = match found {
            Ok(found) => found,
            Err(refusal) => {
                self.hops.push(hop);
                self.refused(refusal);
                self.hops.pop();
                return;
            }
        };
        if found.ends.lead_elsewhere(scope) {
            return self.end(End::Undecided);
        }
        let by_name = matches!(found.ends, ClusterEnds::ByName { .. });
        hop.service_namespace = (!by_name).then(|| found.service.namespace.to_owned());
        hop.rule = found.rule.map(full_name);
        let mut send = |tls: Option<Tls>, address: &str, port: u16, tunnel: Option<&'w PodFacts>| {
            let mut bytes = bytes.clone();
            let tls = tls.map(|tls| named_by_request(tls, &bytes));
            bytes.layers.extend(tls.clone());
            self.hops.push(Hop { tls, ..hop.clone() });
            match (tunnel, address.parse()) {
                (Some(pod), Ok(address)) => self.by_hbone(pod, Place { address, port }, &bytes),
                _ => self.arrive(address, port, &bytes),
            }
            self.hops.pop();
        };
        match found.ends {
            ClusterEnds::Original { port, tls } => {
                send(tls, &place.address.to_string(), port.unwrap_or(place.port), None);
            }
            ClusterEnds::ByName { tls } => {
                let named = bytes.layers.last().and_then(|tls| tls.server_name.clone());
                let name = named.or_else(|| bytes.authority.clone()).unwrap_or_default();
                send(tls, virtual_host::without_port(&name), named_port, None);
            }
            ClusterEnds::Endpoints(endpoints) => {
                if endpoints.is_empty() {
                    self.hops.push(hop);
                    self.refused(Refusal::NoEndpoint);
                    self.hops.pop();
                    return;
                }
                for (endpoint, tls) in endpoints {
                    let is_tunnel = scope.world.takes_hbone(&endpoint, scope.is_waypoint);
                    let tunnel = scope.world.pod_at(&endpoint.address).filter(|_| is_tunnel);
                    send(tls, &endpoint.address, endpoint.port, tunnel);
                }
            }
        }
    }
}

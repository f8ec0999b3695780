//! The filter chains of a sidecar for what is called on one port.
//!
//! Follows `buildSidecarOutboundListeners` in `pilot/pkg/networking/core/listener.go` and `tls.go` beside it. Knows nothing of
//! requests and endpoints. Sockets of files and ports that are opened on the pod itself are not known here.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::chain::{ChainThen, ChainWants, ListenerChain, ListenerChains, RouteTable};
use super::cluster::ClusterKey;
use super::endpoint::endpoints_of_number;
use super::outbound_tcp::tcp;
use super::scope::{EgressListener, KnownService, ProxyScope, UnknownHosts};
use super::service::{MeshPort, MeshResolution};
use crate::istio::protocol::{ListenerProtocol, PortProtocol};

/// The listeners of one port.
pub(super) struct PortListeners<'w> {
    /// With the addresses that each listens on; none: on all.
    listeners: Vec<(Vec<IpAddr>, ListenerChains<'w>)>,
    /// What is not listened on.
    unknown: ListenerChains<'w>,
}

/// A listener while services are added to it.
struct PortListener<'w> {
    /// Its addresses; none listens on all.
    binds: Vec<IpAddr>,
    chains: Vec<ListenerChain<'w>>,
    wanted: HashSet<ChainWants>,
    protocol: PortProtocol,
    /// A part of the Sidecar with this very port made it: nothing of other parts is added.
    is_locked: bool,
}

impl<'w> PortListeners<'w> {
    /// The listeners of a sidecar for a port.
    pub(super) fn of(scope: &ProxyScope<'w>, port: u16) -> Self {
        let listeners = listeners(scope, port).into_iter();
        PortListeners {
            listeners: listeners.map(|listener| (listener.binds, with_rest(listener.chains, true))).collect(),
            unknown: with_rest(Vec::new(), false),
        }
    }

    /// The chains that a call to this address meets; the last takes what no other does.
    pub(super) fn chains(&self, address: IpAddr) -> &ListenerChains<'w> {
        let exact = self.listeners.iter().find(|(binds, _)| binds.contains(&address));
        let found = exact.or_else(|| self.listeners.iter().find(|(binds, _)| binds.is_empty()));
        found.map_or(&self.unknown, |(_, chains)| chains)
    }
}

fn with_rest(mut chains: Vec<ListenerChain<'_>>, has_listener: bool) -> ListenerChains<'_> {
    if !chains.iter().any(ListenerChain::takes_all) {
        chains.push(ListenerChain {
            ranges: Vec::new(),
            names: Vec::new(),
            is_for_http: false,
            ends_tls: None,
            service: None,
            then: ChainThen::Unknown { has_listener },
        });
    }
    ListenerChains::new(chains)
}

fn listeners<'w>(scope: &ProxyScope<'w>, port: u16) -> Vec<PortListener<'w>> {
    let mut listeners: Vec<PortListener<'w>> = Vec::new();
    for part in &scope.listeners {
        match part.port {
            Some(own) if own != port => {}
            Some(own) => {
                let listened = MeshPort { number: own, name: "", protocol: part.protocol };
                for known in &part.services {
                    add(&mut listeners, &ListenedPort { scope, listener: part, known, port: listened }, None);
                }
            }
            None => {
                for listener in &mut listeners {
                    listener.is_locked = true;
                }
                for known in &part.services {
                    for listened in known.ports.iter().filter(|one| one.number == port) {
                        add_all(
                            &mut listeners,
                            &ListenedPort { scope, listener: part, known, port: *listened },
                        );
                    }
                }
            }
        }
    }
    listeners
}

impl<'w> PortListener<'w> {
    fn new(binds: Vec<IpAddr>, chains: Vec<ListenerChain<'w>>, protocol: PortProtocol) -> Self {
        let wanted = chains.iter().map(ListenerChain::wants).collect();
        PortListener { binds, chains, wanted, protocol, is_locked: false }
    }
}

/// A service that one part of a Sidecar brings in, for one port.
pub(super) struct ListenedPort<'q, 'w> {
    pub(super) scope: &'q ProxyScope<'w>,
    pub(super) listener: &'q EgressListener<'w>,
    pub(super) known: &'q KnownService<'w>,
    pub(super) port: MeshPort<'w>,
}

/// Adds a service to the listeners. One without an address of its own whose endpoints are known has a listener for each.
fn add_all<'w>(listeners: &mut Vec<PortListener<'w>>, part: &ListenedPort<'_, 'w>) {
    let service = part.known.service;
    let by_connection =
        matches!(part.port.protocol.listener(), ListenerProtocol::Tcp | ListenerProtocol::Auto);
    let headless = service.resolution == MeshResolution::Original && service.addresses.is_empty();
    if part.listener.bind.is_some() || !headless || !by_connection {
        return add(listeners, part, None);
    }
    let found = endpoints_of_number(part.scope.world, service, part.port.number);
    if found.is_empty() && !service.is_kubernetes() && !service.selects_pods() {
        return add(listeners, part, None);
    }
    let own = part.scope.pod.addresses.first();
    for endpoint in found.iter().filter(|endpoint| Some(&endpoint.address) != own) {
        if let Ok(address) = endpoint.address.parse() {
            add(listeners, part, Some(address));
        }
    }
}

fn add<'w>(listeners: &mut Vec<PortListener<'w>>, part: &ListenedPort<'_, 'w>, instance: Option<IpAddr>) {
    let service = part.known.service;
    if service.resolution == MeshResolution::Alias {
        return;
    }
    let kind = part.port.protocol.listener();
    let mut ranges = Vec::new();
    let bind: Option<IpAddr> = match (instance, part.listener.bind) {
        (Some(address), _) => Some(address),
        (None, Some(bind)) => bind.parse().ok(),
        (None, None) => match (kind, service.addresses.first()) {
            (ListenerProtocol::Http | ListenerProtocol::Nothing, _) | (_, None) => None,
            (_, Some(address)) => address.parse().map_or_else(
                |_| {
                    ranges.extend(service.addresses.iter().filter_map(|range| range.parse::<IpNet>().ok()));
                    None
                },
                Some,
            ),
        },
    };
    let bind = bind.filter(|bind| *bind != IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let mut binds: Vec<IpAddr> = bind.into_iter().collect();
    if instance.is_none() && part.listener.bind.is_none() && bind.is_some() {
        binds.extend(service.addresses.iter().skip(1).filter_map(|address| address.parse::<IpAddr>().ok()));
    }
    let position = listeners.iter().position(|listener| listener.binds.first() == bind.as_ref());
    if position.is_some_and(|found| listeners.get(found).is_some_and(|listener| listener.is_locked)) {
        return;
    }
    let current = position.and_then(|found| listeners.get_mut(found));
    let on_all = bind.is_none();
    let (chains, protocol) = match kind {
        ListenerProtocol::Nothing => return,
        _ if part.port.protocol == PortProtocol::HttpProxy => {
            (vec![http(part, kind, on_all)], part.port.protocol)
        }
        ListenerProtocol::Http => {
            if current.as_ref().is_some_and(|current| !is_tcp(current.protocol)) {
                return;
            }
            let mut chain = http(part, kind, on_all);
            chain.is_for_http = on_all;
            (vec![chain], if on_all { PortProtocol::Unsaid } else { part.port.protocol })
        }
        ListenerProtocol::Tcp => (tcp(part, bind, &ranges), part.port.protocol),
        ListenerProtocol::Auto => {
            // A listener that looks at the bytes is there already, and has its own idea of them.
            if current.as_ref().is_some_and(|current| current.protocol == PortProtocol::Unsaid) {
                return;
            }
            let mut chains = tcp(part, bind, &ranges);
            let mut chain = http(part, kind, on_all);
            chain.is_for_http = true;
            chains.push(chain);
            (chains, part.port.protocol)
        }
    };
    let Some(current) = current else {
        listeners.push(PortListener::new(binds, chains, protocol));
        return;
    };
    if !may_share(part.port.protocol, current.protocol) {
        return;
    }
    // Something that looks at bytes comes to a listener of requests alone, and takes its place.
    if kind == ListenerProtocol::Auto && current.protocol.is_http() {
        *current = PortListener::new(binds, chains, protocol);
        return;
    }
    for chain in chains {
        if current.wanted.insert(chain.wants()) {
            current.chains.push(chain);
        }
    }
    let stays = kind == ListenerProtocol::Tcp && !current.protocol.is_http();
    if !stays {
        current.protocol = PortProtocol::Unsaid;
    }
}

/// `IsTCP` in `pkg/config/protocol/instance.go`.
fn is_tcp(protocol: PortProtocol) -> bool {
    protocol.listener() == ListenerProtocol::Tcp
}

/// Whether a listener may take both: MongoDB and MySQL share with nobody. `isConflictWithWellKnownPort`.
fn may_share(incoming: PortProtocol, existing: PortProtocol) -> bool {
    let alone = |protocol| matches!(protocol, PortProtocol::Mongo | PortProtocol::MySql);
    incoming == existing || !(alone(incoming) || alone(existing))
}

fn http<'w>(part: &ListenedPort<'_, 'w>, kind: ListenerProtocol, on_all: bool) -> ListenerChain<'w> {
    let number = part.port.number;
    let table = if kind == ListenerProtocol::Auto && !on_all {
        RouteTable::Service(&part.known.service.host, number)
    } else {
        RouteTable::Port(number)
    };
    ListenerChain {
        ranges: Vec::new(),
        names: Vec::new(),
        is_for_http: false,
        ends_tls: None,
        service: None,
        then: ChainThen::Http(table),
    }
}

/// Where what is not known goes: the cluster of a Sidecar's `egressProxy`.
pub(super) fn proxied(unknown: UnknownHosts<'_>) -> Option<ClusterKey> {
    let UnknownHosts::Proxied(host, port, subset) = unknown else { return None };
    Some(ClusterKey { host: host.to_owned(), port, subset: subset.map(str::to_owned) })
}

//! A filter chain, and which of a listener's takes a connection.
//!
//! Follows Envoy's `FilterChainManagerImpl`: addresses first, then server names, transport, and applications; at each the
//! best fit, and never back. Knows nothing of how chains are made.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::cluster::ClusterKey;
use super::gateway_routes::GatewayHosts;
use super::service::MeshService;
use crate::resource::Resource;

/// What a filter chain takes and does.
#[derive(Clone, Debug)]
pub(super) struct ListenerChain<'w> {
    /// Ranges of the destination's address; none takes all.
    pub(super) ranges: Vec<IpNet>,
    /// Server names; none takes all.
    pub(super) names: Vec<String>,
    /// It takes plaintext HTTP alone.
    pub(super) is_for_http: bool,
    /// The TLS that it ends.
    pub(super) ends_tls: Option<EndsTls>,
    /// The service that it is of, at a waypoint.
    pub(super) service: Option<&'w MeshService<'w>>,
    pub(super) then: ChainThen<'w>,
}

/// How a chain ends TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndsTls {
    /// With the mesh's certificates, for clients of the mesh alone.
    OfMesh,
    /// With a certificate of its own.
    Own,
}

/// What becomes of a connection.
#[derive(Clone, Debug)]
pub(super) enum ChainThen<'w> {
    /// Its requests are routed by these virtual hosts.
    Http(RouteTable<'w>),
    /// It goes to one of these clusters, by the rule of this VirtualService.
    Tcp(Option<&'w Resource>, Vec<ClusterKey>),
    /// The mesh's mTLS goes on to the service that its server name says.
    SniDnat(ClusterKey),
    /// Nothing is known of it. Where the port has a listener, nobody asks requests for a name:
    /// `buildOutboundCatchAllNetworkFiltersOnly` in `pilot/pkg/networking/core/listener_builder.go`.
    Unknown {
        /// The port has a listener, whose other chains do not take it.
        has_listener: bool,
    },
}

/// Which virtual hosts a listener has.
#[derive(Clone, Debug)]
pub(super) enum RouteTable<'w> {
    /// Those of a sidecar's port.
    Port(u16),
    /// That of one service of a sidecar, whatever the request says.
    Service(&'w str, u16),
    /// That of one service at its waypoint, whatever the request says.
    Waypoint(&'w str, u16),
    /// Those of servers of Gateway objects.
    Servers(Arc<GatewayHosts<'w>>),
}

/// What makes two chains of one listener want the same connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ChainWants {
    is_for_http: bool,
    names: Vec<String>,
    ranges: Vec<IpNet>,
}

/// The chains of a listener, found by server name.
#[derive(Debug)]
pub(super) struct ListenerChains<'w> {
    all: Vec<ListenerChain<'w>>,
    /// Those that take certain server names and no others.
    by_name: HashMap<String, Vec<usize>>,
    /// All others.
    rest: Vec<usize>,
    /// The server name is known only where some chain asks for it: else nobody looks into the `ClientHello`.
    looks: bool,
}

/// What is seen of a connection before a chain is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'q> {
    pub(super) address: IpAddr,
    /// It begins with TLS.
    pub(super) is_tls: bool,
    /// The server name of its TLS.
    pub(super) server_name: Option<&'q str>,
    pub(super) is_http: bool,
    /// It begins with the mesh's mTLS.
    pub(super) is_of_mesh: bool,
}

impl ListenerChain<'_> {
    /// Whether it takes everything, and so is the one for what no other takes.
    pub(super) fn takes_all(&self) -> bool {
        (self.names.is_empty() || self.names.iter().any(|name| name == "*"))
            && !self.is_for_http
            && self.ranges.is_empty()
    }

    /// What it wants; of two chains that want the same, a listener has the first. `conflictsWith` in
    /// `pilot/pkg/networking/core/listener.go`.
    pub(super) fn wants(&self) -> ChainWants {
        let mut names: Vec<String> = self.names.iter().filter(|name| *name != "*").cloned().collect();
        names.sort();
        names.dedup();
        let mut ranges: Vec<IpNet> = self.ranges.iter().map(IpNet::trunc).collect();
        ranges.sort();
        ranges.dedup();
        ChainWants { is_for_http: self.is_for_http, names, ranges }
    }
}

impl<'w> ListenerChains<'w> {
    /// The chains of a listener, in its order.
    pub(super) fn new(all: Vec<ListenerChain<'w>>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut rest = Vec::new();
        for (position, chain) in all.iter().enumerate() {
            let is_exact = !chain.names.is_empty() && !chain.names.iter().any(|name| name.starts_with('*'));
            if !is_exact || !chain.ranges.is_empty() {
                rest.push(position);
                continue;
            }
            for name in &chain.names {
                by_name.entry(name.clone()).or_default().push(position);
            }
        }
        let looks = all.iter().any(|chain| !chain.names.is_empty() || chain.ends_tls.is_some());
        ListenerChains { all, by_name, rest, looks }
    }

    /// Whether the listener looks for a server name.
    pub(super) fn looks(&self) -> bool {
        self.looks
    }

    /// The chain that takes a connection; none: what takes all the rest, if there is one.
    pub(super) fn choose(&self, seen: Seen<'_>) -> Option<&ListenerChain<'w>> {
        // Server names are compared in lower case.
        let name = seen.server_name.filter(|_| self.looks).map(str::to_ascii_lowercase);
        let named = name.as_ref().and_then(|name| self.by_name.get(name));
        let mut positions: Vec<usize> =
            self.rest.iter().chain(named.into_iter().flatten()).copied().collect();
        positions.sort_unstable();
        positions.dedup();
        let chains: Chains<'_, 'w> =
            positions.iter().filter_map(|position| self.all.get(*position)).collect();
        let special = chains.iter().copied().filter(|chain| !chain.takes_all()).collect();
        by_address(special, seen.address)
            .and_then(|chains| by_name(chains, name.as_deref()))
            .and_then(|chains| by_application(&chains, seen))
            .or_else(|| chains.iter().rfind(|chain| chain.takes_all()).copied())
    }
}

type Chains<'c, 'w> = Vec<&'c ListenerChain<'w>>;

fn by_address<'c, 'w>(chains: Chains<'c, 'w>, address: IpAddr) -> Option<Chains<'c, 'w>> {
    let fit = |chain: &ListenerChain<'w>| {
        let ranges = chain.ranges.iter().filter(|range| range.contains(&address));
        ranges.map(IpNet::prefix_len).max()
    };
    let best = chains.iter().filter_map(|chain| fit(chain)).max();
    let chosen = chains.into_iter().filter(|chain| match best {
        Some(_) => fit(chain) == best,
        None => chain.ranges.is_empty(),
    });
    Some(chosen.collect::<Vec<_>>()).filter(|chains| !chains.is_empty())
}

fn by_name<'c, 'w>(chains: Chains<'c, 'w>, name: Option<&str>) -> Option<Chains<'c, 'w>> {
    let fit = |chain: &ListenerChain<'w>| {
        if chain.names.is_empty() || chain.names.iter().any(|name| name == "*") {
            return Some(0);
        }
        let name = name?;
        let names = chain.names.iter().filter_map(|pattern| match pattern.strip_prefix('*') {
            None => (pattern == name).then_some(usize::MAX),
            Some(tail) => (name.len() > tail.len() && name.ends_with(tail)).then_some(tail.len()),
        });
        names.max()
    };
    let best = chains.iter().filter_map(|chain| fit(chain)).max()?;
    Some(chains.into_iter().filter(|chain| fit(chain) == Some(best)).collect())
}

fn by_application<'c, 'w>(chains: &[&'c ListenerChain<'w>], seen: Seen<'_>) -> Option<&'c ListenerChain<'w>> {
    let is_for_mesh = |chain: &ListenerChain<'w>| matches!(chain.then, ChainThen::SniDnat(_));
    let special = chains.iter().find(|chain| {
        (chain.is_for_http && seen.is_http && !seen.is_tls) || (is_for_mesh(chain) && seen.is_of_mesh)
    });
    special.or_else(|| chains.iter().find(|chain| !chain.is_for_http && !is_for_mesh(chain))).copied()
}

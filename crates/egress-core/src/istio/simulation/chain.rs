//! A filter chain, and which of a listener's takes a connection.
//!
//! Follows Envoy's `FilterChainManagerImpl`: addresses first, then server names, transport, and applications; at each the
//! best fit, and never back. Knows nothing of how chains are made.

use std::net::IpAddr;

use ipnet::IpNet;

use super::cluster::ClusterKey;
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
    /// Nothing is known of it.
    Unknown,
}

/// Which virtual hosts a listener has.
#[derive(Clone, Debug)]
pub(super) enum RouteTable<'w> {
    /// Those of a sidecar's port.
    Port(u16),
    /// That of one service of a sidecar, whatever the request says.
    Service(&'w str, u16),
    /// Those of servers of Gateway objects: `namespace/name` and the place of the server.
    Servers(Vec<(&'w Resource, usize)>),
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
}

impl ListenerChain<'_> {
    /// Whether it takes everything, and so is the one for what no other takes.
    pub(super) fn takes_all(&self) -> bool {
        (self.names.is_empty() || self.names.iter().any(|name| name == "*"))
            && !self.is_for_http
            && self.ranges.is_empty()
    }

    /// Whether another chain wants the same connections. `conflictsWith` in `pilot/pkg/networking/core/listener.go`.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let names = |chain: &Self| {
            let mut names: Vec<String> = chain.names.iter().filter(|name| *name != "*").cloned().collect();
            names.sort();
            names.dedup();
            names
        };
        let ranges = |chain: &Self| {
            let mut ranges: Vec<IpNet> = chain.ranges.iter().map(IpNet::trunc).collect();
            ranges.sort();
            ranges.dedup();
            ranges
        };
        self.is_for_http == other.is_for_http && names(self) == names(other) && ranges(self) == ranges(other)
    }
}

/// The chain that takes a connection; none: what takes all the rest, if there is one.
pub(super) fn choose<'c, 'w>(
    chains: &'c [ListenerChain<'w>],
    seen: Seen<'_>,
) -> Option<&'c ListenerChain<'w>> {
    let special: Vec<&ListenerChain<'w>> = chains.iter().filter(|chain| !chain.takes_all()).collect();
    // The server name is known only where some chain asks for it: else nobody looks into the ClientHello.
    let looks = chains.iter().any(|chain| !chain.names.is_empty() || chain.ends_tls.is_some());
    let name = seen.server_name.filter(|_| looks);
    by_address(special, seen.address)
        .and_then(|chains| by_name(chains, name))
        .and_then(|chains| by_application(&chains, seen))
        .or_else(|| chains.iter().rfind(|chain| chain.takes_all()))
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
    // Server names are compared in lower case.
    let name = name.map(str::to_ascii_lowercase);
    let fit = |chain: &ListenerChain<'w>| {
        if chain.names.is_empty() || chain.names.iter().any(|name| name == "*") {
            return Some(0);
        }
        let name = name.as_deref()?;
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
    let for_http = chains.iter().find(|chain| chain.is_for_http && seen.is_http && !seen.is_tls);
    for_http.or_else(|| chains.iter().find(|chain| !chain.is_for_http)).copied()
}

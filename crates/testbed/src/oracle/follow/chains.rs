//! Which filter chain of a listener takes a connection.
//!
//! Follows `findFilterChain` in source/common/listener_manager/filter_chain_manager_impl.cc of Envoy: one property after
//! the other, the most specific match of each wins, and there is no way back to a less specific one.

use std::net::IpAddr;

use super::{chain_matcher, listeners::SeenConnection};
use crate::oracle::envoy::{ChainMatch, CidrRange, EnvoyFilterChain, EnvoyListener, SourceType};

/// How well a chain fits in one property; none where it does not.
type Stage = fn(&ChainMatch, &SeenConnection<'_>) -> Option<usize>;

/// In the order in which Envoy looks.
const STAGES: [Stage; 8] = [
    |wanted, seen| match wanted.destination_port {
        None => Some(0),
        Some(port) => (port == seen.port).then_some(1),
    },
    |wanted, seen| prefix(&wanted.prefix_ranges, Some(seen.address)),
    server_name,
    |wanted, seen| match wanted.transport_protocol.as_str() {
        "" => Some(0),
        protocol => (protocol == seen.transport_protocol).then_some(1),
    },
    application_protocol,
    |wanted, seen| prefix(&wanted.direct_source_prefix_ranges, seen.source),
    source_type,
    |wanted, seen| prefix(&wanted.source_prefix_ranges, seen.source),
];

/// The chain, or the default one; none where the connection is closed.
pub(super) fn choose<'a>(
    listener: &'a EnvoyListener,
    seen: &SeenConnection<'_>,
) -> Option<&'a EnvoyFilterChain> {
    if !listener.filter_chain_matcher.is_null() {
        let name = chain_matcher::choose(&listener.filter_chain_matcher, seen)?;
        return listener.filter_chains.iter().find(|chain| chain.name == name);
    }
    let mut left: Vec<_> = listener.filter_chains.iter().collect();
    for stage in STAGES {
        let ranked: Vec<_> = left
            .into_iter()
            .filter_map(|chain| Some((stage(&chain.filter_chain_match, seen)?, chain)))
            .collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max();
        left = ranked.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, chain)| chain).collect();
    }
    left.first().copied().or(listener.default_filter_chain.as_ref())
}

/// One more than the length of the longest range that has the address.
pub(super) fn prefix(ranges: &[CidrRange], address: Option<IpAddr>) -> Option<usize> {
    if ranges.is_empty() {
        return Some(0);
    }
    let address = address?;
    let fitting = ranges.iter().filter(|range| has(range, address));
    fitting.map(|range| usize::from(range.prefix_len) + 1).max()
}

fn has(range: &CidrRange, address: IpAddr) -> bool {
    let same = |own: u128, other: u128, width: u32| {
        let length = u32::from(range.prefix_len).min(width);
        (own ^ other).checked_shr(width - length).unwrap_or(0) == 0
    };
    match (range.address_prefix, address) {
        (IpAddr::V4(own), IpAddr::V4(other)) => same(u32::from(own).into(), u32::from(other).into(), 32),
        (IpAddr::V6(own), IpAddr::V6(other)) => same(own.into(), other.into(), 128),
        _ => false,
    }
}

fn server_name(wanted: &ChainMatch, seen: &SeenConnection<'_>) -> Option<usize> {
    if wanted.server_names.is_empty() {
        return Some(0);
    }
    let called = seen.server_name?;
    let rank = |name: &String| match name.strip_prefix('*') {
        Some(suffix) => (called.len() > suffix.len() && called.ends_with(suffix)).then_some(suffix.len()),
        None => name.eq_ignore_ascii_case(called).then_some(usize::MAX),
    };
    wanted.server_names.iter().filter_map(rank).max()
}

/// The first protocol of the connection that any chain wants decides.
fn application_protocol(wanted: &ChainMatch, seen: &SeenConnection<'_>) -> Option<usize> {
    if wanted.application_protocols.is_empty() {
        return Some(0);
    }
    let offered = &seen.application_protocols;
    let place =
        offered.iter().position(|own| wanted.application_protocols.iter().any(|other| other == own))?;
    Some(offered.len() - place)
}

/// No call here comes from the proxy's own address.
fn source_type(wanted: &ChainMatch, _: &SeenConnection<'_>) -> Option<usize> {
    match wanted.source_type {
        SourceType::Any => Some(0),
        SourceType::External => Some(1),
        SourceType::SameIpOrLoopback => None,
    }
}

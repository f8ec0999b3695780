//! What becomes of a call that objects send to a gateway or a waypoint, by the ways that it takes.
//!
//! Writes no messages.

use egress_core::istio::call::{Call, End, Hop, Passage, Refusal};
use egress_core::istio::simulation::Simulation;
use egress_core::proxy::port_and_host;
use egress_core::resource::Resource;
use egress_istio::service_entry::ServiceEntryResolution;

use crate::traffic::other_host::leaves_for_another;
use crate::view::View;

/// What becomes of a routed call.
pub(crate) enum RoutedEnd {
    /// It leaves through a gateway, as its rule wants.
    AsWanted,
    /// It takes another way.
    Otherwise(Passage),
    /// Nobody knows: the caller or the endpoints of a cluster are not among the facts.
    Unknown,
}

/// What becomes of a call that a rule sends to a gateway.
pub(crate) fn end_of(call: &Call, simulation: &Simulation<'_>) -> RoutedEnd {
    end_by(call, &ways(call, simulation))
}

/// The ways of a call, as the host outside sees them: what arrives there in mesh mTLS is refused.
pub(crate) fn ways(call: &Call, simulation: &Simulation<'_>) -> Vec<Passage> {
    let (mut found, wrapped) = simulation.passages_and_wrapped(call);
    for way in found.iter_mut().filter(|way| wrapped.contains(way)) {
        way.end = End::Refused(Refusal::OtherProtocol);
    }
    found
}

/// The proxy that opened mesh mTLS in which a call leaves a gateway.
pub(crate) fn wraps(passage: &Passage) -> Option<&Hop> {
    let is_of_host = passage.end == End::Refused(Refusal::OtherProtocol) && passage.hops.len() > 1;
    let (last, before) = passage.hops.split_last()?;
    let opens = |hop: &&Hop| hop.tls.as_ref().is_some_and(|tls| tls.is_mesh);
    before.iter().rev().find(opens).filter(|_| is_of_host && last.tls.is_none())
}

/// The way that an AuthorizationPolicy refuses.
pub(crate) fn refused_by_policy(passages: &[Passage]) -> Option<&Passage> {
    passages.iter().find(|passage| passage.end == End::Refused(Refusal::ByPolicy))
}

/// What becomes of a call to a host that takes these ways: it has to leave for that host.
pub(crate) fn end_of_passages(view: &View<'_>, call: &Call, host: &str, passages: Vec<Passage>) -> RoutedEnd {
    match end_by(call, &passages) {
        RoutedEnd::Unknown => {
            let nowhere = passages.into_iter().find(|passage| entry_without_address(view, passage).is_some());
            nowhere.map_or(RoutedEnd::Unknown, RoutedEnd::Otherwise)
        }
        RoutedEnd::AsWanted => {
            let other = passages.into_iter().find(|passage| leaves_for_another(view, host, passage));
            other.map_or(RoutedEnd::AsWanted, RoutedEnd::Otherwise)
        }
        end @ RoutedEnd::Otherwise(_) => end,
    }
}

/// The ServiceEntry of the cluster by which a gateway passes a call on to the address that the caller dialled: at a gateway, that
/// is the gateway's own, so Envoy has no endpoint. `buildGatewayListeners` adds no listener filter that restores another.
pub(crate) fn entry_without_address<'a>(view: &View<'a>, passage: &Passage) -> Option<&'a Resource> {
    let last = passage.hops.last().filter(|_| passage.hops.len() > 1)?;
    if passage.end != End::Refused(Refusal::NoEndpoint) {
        return None;
    }
    let (_, host) = port_and_host(&last.cluster)?;
    let keeps_address = |entry: &&'a Resource| {
        entry.service_entry().is_some_and(|spec| {
            matches!(spec.resolution, None | Some(ServiceEntryResolution::None))
                && spec.hosts.iter().any(|name| name == host)
        })
    };
    view.service_entries().find(keeps_address)
}

fn end_by(call: &Call, passages: &[Passage]) -> RoutedEnd {
    let is_unknown =
        |passage: &Passage| matches!(passage.end, End::Refused(Refusal::NoEndpoint) | End::Undecided);
    if passages.is_empty() || passages.iter().any(is_unknown) {
        return RoutedEnd::Unknown;
    }
    let wrong = passages.iter().find(|passage| !is_as_wanted(call, passage));
    wrong.map_or(RoutedEnd::AsWanted, |passage| RoutedEnd::Otherwise(passage.clone()))
}

fn is_as_wanted(call: &Call, passage: &Passage) -> bool {
    let passed = passage.hops.iter().any(|hop| hop.proxy != call.caller);
    match &passage.end {
        End::Leaves { .. } => passed,
        // What a gateway sends on into the cluster is its own matter.
        End::Arrives { .. } => passage.hops.len() > 1,
        // An answer is what the rule wants; of AuthorizationPolicies checks of their own tell.
        End::Refused(Refusal::Answered(_) | Refusal::ByPolicy) => true,
        End::Refused(_) | End::Undecided => false,
    }
}

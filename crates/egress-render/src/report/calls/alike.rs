//! Calls of several namespaces whose ways differ only in the namespace of the objects: each namespace has its own egress.

use egress_diagnose::calls::{CallWay, FollowedCall, WayHop};
use egress_diagnose::finding::Place;

use super::words::namespaces;

/// Calls of which one picture is drawn.
pub(super) struct AlikeCalls<'a> {
    /// The first.
    pub(super) call: &'a FollowedCall,
    /// The namespaces of the others.
    pub(super) others: Vec<String>,
}

/// Puts alike calls together, in their order.
pub(super) fn of(calls: Vec<&FollowedCall>) -> Vec<AlikeCalls<'_>> {
    let mut found: Vec<(AlikeCalls<'_>, Vec<CallWay>)> = Vec::new();
    for call in calls {
        let ways = without_namespace(call);
        let is_alike = |(other, known): &&mut (AlikeCalls<'_>, Vec<CallWay>)| {
            (other.call.port, other.call.protocol) == (call.port, call.protocol) && *known == ways
        };
        match found.iter_mut().find(is_alike) {
            Some((known, _)) => known.others.extend(namespaces(call)),
            None => found.push((AlikeCalls { call, others: Vec::new() }, ways)),
        }
    }
    found.into_iter().map(|(alike, _)| alike).collect()
}

/// The ways, with `*` for the namespace of the callers, and without files and lines.
fn without_namespace(call: &FollowedCall) -> Vec<CallWay> {
    let namespaces = namespaces(call);
    let [own] = namespaces.as_slice() else { return call.ways.clone() };
    let word = |text: &String| -> String {
        let parts = text.split_inclusive(|sign: char| !sign.is_alphanumeric() && sign != '-');
        let plain = |part: &str| part.trim_end_matches(|sign: char| !sign.is_alphanumeric()).len();
        parts
            .map(|part| {
                if part[..plain(part)] == **own {
                    format!("*{}", &part[plain(part)..])
                } else {
                    part.to_owned()
                }
            })
            .collect()
    };
    let place = |place: &Place| Place {
        namespace: place.namespace.as_ref().map(word),
        name: word(&place.name),
        source: None,
        ..place.clone()
    };
    let hop = |hop: &WayHop| WayHop {
        server: hop.server.as_ref().map(place),
        route: hop.route.as_ref().map(place),
        cluster: hop.cluster.as_ref().map(word),
        service: hop.service.as_ref().map(place),
        rule: hop.rule.as_ref().map(place),
        ..hop.clone()
    };
    let way = |way: &CallWay| CallWay {
        because: way.because.iter().map(word).collect(),
        hops: way.hops.iter().map(hop).collect(),
        ..way.clone()
    };
    call.ways.iter().map(way).collect()
}

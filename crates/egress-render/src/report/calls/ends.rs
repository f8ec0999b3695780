//! How calls end, one line for each way to end.

use egress_core::istio::call::Refusal;
use egress_diagnose::calls::{CallWay, FollowedCall, SpokenProtocol, WayResult};

use super::super::page::{Page, counted};
use super::words::{NAMED, PROXY, few, mark, may_refuse, namespaces};

/// Calls that end alike, whatever their port.
struct AlikeEnds<'a> {
    way: &'a CallWay,
    namespaces: Vec<String>,
    ports: Vec<(u16, SpokenProtocol)>,
    /// Why, for each caller that has reasons of its own.
    reasons: Vec<&'a [String]>,
}

/// Writes a line for each.
pub(super) fn write<'a>(page: &mut Page<'_>, calls: impl Iterator<Item = &'a FollowedCall>) {
    for end in with_few_reasons(ends(calls)) {
        let ports: Vec<String> = end.ports.iter().map(|(port, _)| port.to_string()).collect();
        let word = if ports.len() == 1 { "port" } else { "ports" };
        let (reasons, others) = match end.reasons.as_slice() {
            [only] => (only.to_vec(), 0),
            several => {
                let first = several.iter().filter_map(|reasons| reasons.first().cloned());
                (first.take(NAMED).collect(), several.len().saturating_sub(NAMED))
            }
        };
        let first = reasons.first().map(|first| format!(", because {first}")).unwrap_or_default();
        let from = few(&end.namespaces);
        page.marked(
            mark(end.way.result),
            &format!("calls from {from} to {word} {} {}{first}", few(&ports), in_short(&end)),
        );
        for fact in reasons.iter().skip(1) {
            page.wrapped(PROXY, &format!("and {fact}"));
        }
        if others > 0 {
            page.wrapped(PROXY, &format!("and {}", counted(others, "more reason")));
        }
        if let Some(policies) = may_refuse(end.way) {
            page.wrapped(PROXY, &format!("? not computed: {policies} may refuse them"));
        }
    }
}

fn ends<'a>(calls: impl Iterator<Item = &'a FollowedCall>) -> Vec<AlikeEnds<'a>> {
    let mut found: Vec<AlikeEnds<'_>> = Vec::new();
    for call in calls {
        let namespaces = namespaces(call);
        for way in &call.ways {
            let is_like = |other: &&mut AlikeEnds<'_>| {
                other.namespaces == namespaces
                    && ends_alike(other.way, way)
                    && other.way.because == way.because
            };
            let port = (call.port, call.protocol);
            match found.iter_mut().find(is_like) {
                Some(known) if known.ports.contains(&port) => {}
                Some(known) => known.ports.push(port),
                None => found.push(AlikeEnds {
                    way,
                    namespaces: namespaces.clone(),
                    ports: vec![port],
                    reasons: vec![&way.because],
                }),
            }
        }
    }
    found
}

fn ends_alike(one: &CallWay, other: &CallWay) -> bool {
    (one.result, &one.gateway, one.refusal, &one.may_be_refused_by)
        == (other.result, &other.gateway, other.refusal, &other.may_be_refused_by)
}

/// Where many callers have reasons of their own for the same end, such as a Sidecar each, they are one line.
fn with_few_reasons(ends: Vec<AlikeEnds<'_>>) -> Vec<AlikeEnds<'_>> {
    let is_like = |one: &AlikeEnds<'_>, other: &AlikeEnds<'_>| {
        ends_alike(one.way, other.way) && one.ports == other.ports
    };
    let counts: Vec<usize> =
        ends.iter().map(|end| ends.iter().filter(|other| is_like(end, other)).count()).collect();
    let mut found: Vec<AlikeEnds<'_>> = Vec::new();
    for (end, count) in ends.into_iter().zip(counts) {
        match found.iter_mut().find(|known| count > NAMED && is_like(known, &end)) {
            Some(known) => {
                known.namespaces.extend(end.namespaces);
                known.reasons.extend(end.reasons);
            }
            None => found.push(end),
        }
    }
    for end in &mut found {
        end.namespaces.sort();
        end.namespaces.dedup();
    }
    found
}

fn in_short(end: &AlikeEnds<'_>) -> String {
    let way = end.way;
    match (way.result, way.refusal) {
        (WayResult::ThroughGateway, _) => {
            let gateway = way.gateway.as_ref().map(|name| format!("gateway {name}"));
            format!("leave through {}", gateway.unwrap_or_else(|| "a gateway".to_owned()))
        }
        (WayResult::Directly, _) => "leave directly from the callers' nodes".to_owned(),
        (WayResult::InCluster, _) => "stay in the cluster".to_owned(),
        (WayResult::Refused, Some(Refusal::Blocked)) => {
            let is_http = |(_, protocol): &(u16, SpokenProtocol)| *protocol == SpokenProtocol::Http;
            let answer = match (end.ports.iter().any(is_http), end.ports.iter().all(is_http)) {
                (_, true) => "502",
                (false, _) => "a reset",
                _ => "502 for HTTP, a reset for all else",
            };
            format!("are refused by the sidecar: {answer}")
        }
        (WayResult::Refused, _) => format!("fail: {}", way.summary),
    }
}

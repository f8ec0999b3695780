//! The ways of calls: with `--path` a picture of each, hop by hop; else one line for each way that calls end.
//!
//! Knows layout only; `egress-diagnose` follows the calls.

use std::collections::BTreeSet;

use egress_core::istio::call::Refusal;
use egress_diagnose::calls::{CallWay, FollowedCall, OpenedTls, WayHop, WayResult};
use egress_diagnose::report::Report;

use self::alike::AlikeCalls;
use self::words::{NAMED, PROXY, brief, few, mark, may_refuse, namespaces};
use super::page::{Page, counted};

mod alike;
mod ends;
mod unfollowed;
mod words;

/// What a proxy does.
const STEP: &str = "    │ ";

/// Writes the ways of all calls as pictures; what the caller's own sidecar refuses has nothing to draw.
pub(super) fn pictures(page: &mut Page<'_>, report: &Report) {
    for host in hosts(report) {
        page.title(&format!("calls to {host}"));
        let calls: Vec<&FollowedCall> = report.calls.iter().filter(|call| call.host == host).collect();
        let is_drawn = |call: &&FollowedCall| call.ways.iter().any(|way| !way.hops.is_empty());
        let (drawn, others): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_drawn);
        for AlikeCalls { call, others } in alike::of(drawn) {
            for (number, way) in call.ways.iter().enumerate() {
                picture(page, call, way, number);
            }
            if !others.is_empty() {
                let text = format!("the same from {}, through objects of their own", few(&others));
                page.marked(mark(worst(call)), &text);
            }
        }
        ends::write(page, others.into_iter());
        unfollowed::write(page, report, host);
        page.gap();
    }
}

/// Writes how the calls end.
pub(super) fn lines(page: &mut Page<'_>, report: &Report) {
    for host in hosts(report) {
        page.title(&format!("calls to {host}"));
        ends::write(page, report.calls.iter().filter(|call| call.host == host));
        unfollowed::write(page, report, host);
        page.gap();
    }
}

/// The hosts in the order of the report.
fn hosts(report: &Report) -> Vec<&str> {
    let all = report.calls.iter().map(|call| call.host.as_str());
    let all = all.chain(report.unfollowed.iter().map(|call| call.host.as_str()));
    let mut seen = BTreeSet::new();
    all.filter(|host| seen.insert(*host)).collect()
}

fn picture(page: &mut Page<'_>, call: &FollowedCall, way: &CallWay, number: usize) {
    let namespaces = namespaces(call);
    let count = if namespaces.len() > NAMED {
        format!(" ({})", counted(namespaces.len(), "namespace"))
    } else {
        String::new()
    };
    let which = match call.ways.len() {
        1 => String::new(),
        all => format!(", path {} of {all}", number + 1),
    };
    let (protocol, port) = (call.protocol.word(), call.port);
    page.marked(
        mark(way.result),
        &format!("{protocol} to port {port} from {}{count}{which}: {}", few(&namespaces), way.summary),
    );
    let pods: Vec<String> =
        call.callers.iter().map(|caller| format!("{}/{}", caller.namespace, caller.pod)).collect();
    let proxy = if call.is_ambient { "ztunnel" } else { "sidecar" };
    page.wrapped(PROXY, &format!("{proxy} of {}", few(&pods)));
    for (number, hop) in way.hops.iter().enumerate() {
        if number > 0 {
            page.verbatim(PROXY, "▼");
            let port = hop.port.map(|port| format!(", port {port}")).unwrap_or_default();
            let word = if hop.pods.len() == 1 { "pod" } else { "pods" };
            let kind = if call.is_ambient { "waypoint" } else { "gateway" };
            page.wrapped(PROXY, &format!("{kind} {word} {}{port}", few(&hop.pods)));
        }
        steps(page, hop);
    }
    if let Some(to) = &way.to {
        page.verbatim(PROXY, "▼");
        let place = if way.result == WayResult::InCluster { "pod" } else { "outside the mesh:" };
        page.wrapped(PROXY, &format!("{place} {to}"));
    } else {
        page.verbatim(PROXY, if way.refusal.is_some_and(is_answer) { "● answered" } else { "× refused" });
    }
    for (number, fact) in way.because.iter().enumerate() {
        page.wrapped(PROXY, &format!("{} {fact}", if number == 0 { "because" } else { "and" }));
    }
    if let Some(policies) = may_refuse(way) {
        page.wrapped(PROXY, &format!("? not computed: {policies} may refuse it"));
    }
}

/// The result of its way that needs attention most.
fn worst(call: &FollowedCall) -> WayResult {
    call.ways.iter().map(|way| way.result).max().unwrap_or(WayResult::Refused)
}

fn steps(page: &mut Page<'_>, hop: &WayHop) {
    for place in [&hop.server, &hop.route, &hop.service, &hop.rule].into_iter().flatten() {
        page.wrapped(STEP, &brief(place));
    }
    if let Some(cluster) = &hop.cluster {
        page.verbatim(STEP, &format!("cluster {cluster}"));
    }
    if let Some(OpenedTls { is_mesh, server_name }) = &hop.tls {
        let kind = if *is_mesh { "mesh mTLS" } else { "TLS" };
        let name = server_name.as_ref().map(|name| format!(", SNI {name}")).unwrap_or_default();
        page.verbatim(STEP, &format!("{kind}{name}"));
    }
}

fn is_answer(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::Answered(_))
}

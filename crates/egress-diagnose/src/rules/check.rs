//! A check: a row of data and a pure function.
//!
//! Does not know the checks themselves; [`checks`](crate::rules) lists them.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde::Serialize;

use crate::calls::HostCalls;
use crate::finding::{CheckOutcome, Code, Level};
use crate::path::EgressPath;
use crate::view::View;

/// One check.
pub struct Check {
    /// Its stable code, never used again for anything else.
    pub code: Code,
    /// What is true when nothing is wrong.
    pub name: &'static str,
    /// The highest level of its findings.
    pub level: Level,
    /// The part of the path that it checks.
    pub segment: PathSegment,
    /// The facts that it reads. A test compares them with what it does read.
    pub inputs: &'static [Input],
    /// Why it stands beside EG100 and EG101, which follow calls: what no followed call shows.
    pub beside_the_walk: &'static str,
    /// What it checks, why it matters, how to fix it: Markdown with exactly these headings.
    pub docs: &'static str,
    /// The function.
    pub run: Run,
}

/// What following a call reads.
pub(in crate::rules) const FOLLOWED: [Input; 10] = [
    Input::VirtualServices,
    Input::ServiceEntries,
    Input::DestinationRules,
    Input::GatewayObjects,
    Input::Sidecars,
    Input::Services,
    Input::Pods,
    Input::Mesh,
    Input::EnvoyFilters,
    // The settings of istiod.
    Input::Workloads,
];

/// The same for a check that reads more.
pub(in crate::rules) const fn followed_and<const MORE: usize, const ALL: usize>(
    more: [Input; MORE],
) -> [Input; ALL] {
    assert!(ALL == FOLLOWED.len() + MORE, "the number of inputs");
    let mut all = [Input::Mesh; ALL];
    let mut place = 0;
    while place < ALL {
        all[place] = if place < FOLLOWED.len() { FOLLOWED[place] } else { more[place - FOLLOWED.len()] };
        place += 1;
    }
    all
}

/// The subject of a check, and its function.
#[derive(Clone, Copy)]
pub enum Run {
    /// The mesh as a whole.
    Mesh(fn(&View<'_>) -> CheckOutcome),
    /// One gateway.
    Gateway(fn(&View<'_>, &GatewayFacts) -> CheckOutcome),
    /// The path of one host in one namespace.
    Path(fn(&View<'_>, &EgressPath<'_>) -> CheckOutcome),
    /// The same, for checks that need the gateway and the objects of its namespace.
    PathThroughGateway(fn(&View<'_>, &EgressPath<'_>, &GatewayFacts) -> CheckOutcome),
    /// The calls to one host without a path of its own.
    Calls(fn(&View<'_>, &HostCalls<'_>) -> CheckOutcome),
}

/// The parts of a request's path, in order. Behind the first broken one no findings are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PathSegment {
    /// What holds for every host.
    Mesh,
    /// The gateway's Service, pods and nodes.
    Gateway,
    /// Whether the objects of the host exist.
    Objects,
    /// From the caller to the gateway, according to the objects.
    ToGateway,
    /// The same, according to the callers' Envoys.
    ClientProxies,
    /// From the gateway to the host, according to the objects.
    FromGateway,
    /// From the caller to the host, computed from all objects together.
    WholePath,
    /// From the gateway to the host, according to the gateway's Envoys.
    GatewayProxies,
    /// From the gateway's Envoy to the host.
    Upstream,
}

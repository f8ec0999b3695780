//! Calls that leave through their gateway before a fix, followed again among the objects after it.
//!
//! Unlike the checks that follow calls, it looks behind every other fault: none hides that a fix breaks a call.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use egress_core::index::Index;
use egress_core::inventory::egresses;
use egress_core::istio::call::Call;
use egress_core::istio::gateway_api::MadeObjects;
use egress_core::istio::simulation::{Simulation, World};
use egress_core::role::Kind;
use egress_core::snapshot::PodFacts;

use crate::facts::assumed_pods::assumed_pods;
use crate::facts::{ClusterFacts, Request, by_mesh};
use crate::traffic::routed_call::{RoutedEnd, can_be_followed, end_of, routed_calls};
use crate::view::View;

/// This many calls are followed again after each fix.
const MOST_CALLS: usize = 100;

/// Of one VirtualService this many.
const MOST_OF_ONE: usize = 8;

/// A call that does not leave through its gateway after a fix.
pub(super) enum FailingCall<'c> {
    /// One that the fix is for.
    Wanted,
    /// One that worked before: `from shop to example.com:443`.
    Other(&'c str),
}

/// Calls that leave through their gateway.
pub(super) struct WorkingCalls(Vec<WorkingCall>);

struct WorkingCall {
    call: Call,
    /// As people say it: `from shop to example.com:443`.
    words: String,
}

impl WorkingCalls {
    /// Those of a cluster.
    pub(super) fn of(facts: &ClusterFacts) -> Self {
        let mut found: Vec<WorkingCall> = Vec::new();
        for part in by_mesh(facts).0 {
            let (made, world, assumed) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
            let request = Request::default();
            let egresses = egresses(&part.snapshot);
            let index = Index::of(&part.snapshot);
            let once = (&made, &world, &assumed);
            let view = View::new(&part, &egresses, &request, index, BTreeMap::new(), None, once);
            if can_be_followed(&view).is_err() {
                continue;
            }
            for route in view.index().of_kind(Kind::VirtualService) {
                if found.len() >= MOST_CALLS {
                    break;
                }
                let calls = routed_calls(&view, route, None);
                let works = calls.into_iter().filter(|call| matches!(call.end(&view), RoutedEnd::AsWanted));
                found.extend(works.take(MOST_OF_ONE).map(|routed| WorkingCall {
                    words: format!("from {} to {}:{}", routed.caller, routed.host, routed.call.port),
                    call: routed.call,
                }));
            }
        }
        WorkingCalls(found)
    }

    /// The first call that does not leave through its gateway among these facts: one of those that a fix is for, or one that
    /// worked before it.
    pub(super) fn failing_in<'c>(&'c self, facts: &ClusterFacts, wanted: &[Call]) -> Option<FailingCall<'c>> {
        if self.0.is_empty() && wanted.is_empty() {
            return None;
        }
        let (parts, _) = by_mesh(facts);
        let made: Vec<MadeObjects> =
            parts.iter().map(|part| MadeObjects::new(&part.snapshot, &part.related_resources)).collect();
        let assumed: Vec<Vec<PodFacts>> = parts.iter().map(|part| assumed_pods(part)).collect();
        let worlds = parts.iter().zip(made.iter().zip(&assumed));
        let worlds: Vec<World<'_>> = worlds
            .map(|(part, (made, pods))| World::with_pods(&part.snapshot, &part.related_resources, made, pods))
            .collect();
        let simulations: Vec<Simulation<'_>> = worlds.iter().map(Simulation::new).collect();
        let works = |call: &Call| {
            simulations.iter().any(|simulation| matches!(end_of(call, simulation), RoutedEnd::AsWanted))
        };
        if !wanted.iter().all(works) {
            return Some(FailingCall::Wanted);
        }
        let broken = self.0.iter().find(|known| !works(&known.call))?;
        Some(FailingCall::Other(&broken.words))
    }
}

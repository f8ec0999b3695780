//! EG100: a call to the host leaves through the gateway, as istiod would configure the proxies.

use std::collections::BTreeSet;

use egress_core::input::Input;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level};
use crate::fixes::detour;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routed_call::routed_calls;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(100),
    name: "a call to the host leaves through the gateway, computed from all objects",
    level: Level::Error,
    segment: PathSegment::WholePath,
    inputs: &[
        Input::VirtualServices,
        Input::ServiceEntries,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::Sidecars,
        Input::Services,
        Input::Gateways,
        Input::Pods,
        Input::Mesh,
        Input::EnvoyFilters,
    ],
    docs: "\
## What it checks
The way of a call to the host, from each calling namespace and on each port that a rule sends to a gateway. It is computed as
istiod and Envoy would: the sidecar's listener, its route and cluster, the gateway's listener, route and cluster. Meshes with
EnvoyFilters are left out.

## Why it matters
Other checks look at one rule of Istio each. This one follows the call, and finds what no single rule shows: a port that is
opened elsewhere, a server that follows other rules, a rule for a protocol that the port does not have.

## How to fix
The finding names the object that decides. Change that one.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    if path.egress.is_none() {
        return CheckOutcome::NotApplicable;
    }
    let filters = match (view.envoy_filters(), view.services(), view.readable(Input::Pods)) {
        (Ok(filters), Ok(_), Ok(())) => filters,
        (Err(outcome), _, _) | (_, Err(outcome), _) | (_, _, Err(outcome)) => return outcome,
    };
    for input in CHECK.inputs {
        view.note(*input);
    }
    if !filters.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let mut looked_at = 0;
    let mut known = BTreeSet::new();
    let mut findings = Vec::new();
    let routes = view.virtual_services(&path.host).into_iter().filter(|route| path.owns(&route.id));
    for call in routes.flat_map(|route| routed_calls(view, route)).filter(|call| call.host == path.host) {
        looked_at += 1;
        let Some(found) = call.detour(view) else { continue };
        let words = detour::words(view, &call, &found.passage);
        if known.insert((words.place.to_string(), words.consequence.clone())) {
            findings.push(Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: words.message,
                object: words.place,
                evidence: words.evidence,
                consequence: words.consequence,
                fix: words.fix,
            });
        }
    }
    CheckOutcome::of(looked_at, findings)
}

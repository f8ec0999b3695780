//! EG100: a call to the host leaves through the gateway, as istiod would configure the proxies.

use egress_core::input::Input;
use egress_core::istio::call::Speaks;

use crate::finding::{CheckOutcome, Code, Level};
use crate::fixes::detour::{self, Callers};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::plain_start::protocol::begins_in_plaintext;
use crate::traffic::routed_call::{RoutedCall, RoutedEnd, can_be_followed, routed_calls_to};
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
    match can_be_followed(view) {
        Ok(true) => {}
        Ok(false) => return CheckOutcome::NotApplicable,
        Err(outcome) => return outcome,
    }
    let routes = view.virtual_services(&path.host).into_iter().filter(|route| path.owns(&route.id));
    // A check of its own tells rules by server name for what begins without one.
    let has_no_name = |call: &RoutedCall<'_>| {
        matches!(call.call.speaks, Speaks::Tls { .. }) && begins_in_plaintext(call.call.port)
    };
    let calls =
        routes.flat_map(|route| routed_calls_to(view, route, Some(&path.callers), |host| host == path.host));
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for call in calls.filter(|call| !has_no_name(call)) {
        match call.end(view) {
            RoutedEnd::Unknown => {}
            RoutedEnd::AsWanted => looked_at += 1,
            RoutedEnd::Otherwise(passage) => wrong.push((call, passage)),
        }
    }
    CheckOutcome::of(looked_at, detour::findings(view, (CHECK.code, CHECK.level, Callers::OfPath), wrong))
}

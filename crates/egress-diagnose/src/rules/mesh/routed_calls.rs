//! EG101: calls that a rule sends to a gateway leave through it, for hosts that no other check follows.

use egress_core::input::Input;
use egress_core::role::Kind;

use crate::finding::{CheckOutcome, Code, Level};
use crate::fixes::detour::{self, Callers};
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routed_call::{RoutedEnd, can_be_followed, routed_calls};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(101),
    name: "calls to TCP hosts and wildcards leave through the gateway that a rule names",
    level: Level::Error,
    segment: PathSegment::Mesh,
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
VirtualServices with rules that lead sidecars to a gateway, for hosts that no other check follows: TCP hosts, wildcards. The
way of a call is computed as istiod and Envoy would: the sidecar's listener, its route and cluster, the gateway's listener,
route and cluster. Meshes with EnvoyFilters are left out.

## Why it matters
Each object alone may be correct, and the call still ends: at a port that the gateway does not open, at a server that follows
other rules, at a host that the gateway does not see. Or no rule takes it, and it leaves directly.

## How to fix
The finding names the object that decides. Change that one.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    match can_be_followed(view) {
        Ok(true) => {}
        Ok(false) => return CheckOutcome::NotApplicable,
        Err(outcome) => return outcome,
    }
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for route in view.index().of_kind(Kind::VirtualService) {
        for call in
            routed_calls(view, route, None).into_iter().filter(|call| view.egresses_of(&call.host).is_empty())
        {
            match call.end(view) {
                RoutedEnd::Unknown => {}
                RoutedEnd::AsWanted => looked_at += 1,
                RoutedEnd::Otherwise(passage) => wrong.push((call, passage)),
            }
        }
    }
    CheckOutcome::of(looked_at, detour::findings(view, (CHECK.code, CHECK.level, Callers::Named), wrong))
}

//! EG101: calls that a rule or a ServiceEntry sends to a gateway or a waypoint leave through it, for hosts that no other check
//! follows.

use std::collections::BTreeSet;

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::istio::call::{End, Passage, Refusal};
use egress_core::istio::gateway_api::is_made;

use crate::calls::{EntryCall, HostCalls};
use crate::finding::{CheckOutcome, Confidence, Finding, Place};
use crate::fixes;
use crate::fixes::detour::{self, Callers};
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::traffic::routed_call::{RoutedEnd, can_be_computed};
use crate::view::View;

mod api_gateways;
mod api_routes;
mod code;
mod refused;

pub(in crate::rules) const CHECK: Check = Check {
    code: code::CODE,
    name: "calls to TCP hosts, wildcards and hosts of waypoints leave through the gateway or waypoint",
    level: code::LEVEL,
    segment: PathSegment::WholePath,
    inputs: &followed_and::<2, 12>([Input::GatewayApi, Input::AuthorizationPolicies]),
    beside_the_walk: "It is one of the two, for all other hosts.",
    docs: "\
## What it checks
Hosts that no other check follows: TCP hosts and wildcards that a VirtualService sends to a gateway, hosts that an HTTPRoute,
GRPCRoute, TLSRoute or TCPRoute sends there, hosts that a waypoint takes, and hosts whose ServiceEntry has the gateway as its
endpoint. The way of a call is computed as istiod, Envoy and ztunnel would: listener, route and cluster of each proxy, and the
AuthorizationPolicies there. A call that an EnvoyFilter may move is left out.

## Why it matters
Each object alone may be correct, and the call still ends: at a port that the gateway does not open, at a server that follows
other rules, at a host that the gateway does not see. Or no rule takes it, and it leaves directly.

## How to fix
The finding names the object that decides. Change that one.
",
    run: Run::Calls(run),
};

fn run(view: &View<'_>, host: &HostCalls<'_>) -> CheckOutcome {
    if let Err(outcome) = can_be_computed(view) {
        return outcome;
    }
    let (mut astray, mut refused, mut of_api) = (Vec::new(), Vec::new(), Vec::new());
    for (call, end) in &host.routed {
        match end {
            RoutedEnd::Unknown | RoutedEnd::AsWanted => {}
            RoutedEnd::Otherwise(passage) if passage.end == End::Refused(Refusal::ByPolicy) => {
                refused.push(call);
            }
            RoutedEnd::Otherwise(passage) if is_made(call.route) => {
                let told = api_routes::told(view, call, passage);
                of_api.extend(told.filter(|new| !of_api.contains(new)));
            }
            RoutedEnd::Otherwise(passage) => astray.push((call.clone(), passage.clone())),
        }
    }
    let wrong = host.bound.iter().filter_map(|(call, end)| match end {
        RoutedEnd::Otherwise(passage) => Some((call, passage)),
        RoutedEnd::Unknown | RoutedEnd::AsWanted => None,
    });
    let mut found = detour::findings(view, (CHECK.code, CHECK.level, Callers::Named), astray);
    found.extend(refused::findings(view, &host.host, &refused));
    found.extend(of_api);
    let mut places = BTreeSet::new();
    found.extend(
        wrong
            .map(|(call, passage)| of_entry(&host.host, call, passage))
            .filter(|one| places.insert(one.object.to_string())),
    );
    let looked_at = host.routed.len() + host.bound.len();
    match view.authorization_policies() {
        // Nobody knows whether policies that were not read refuse the calls.
        Err(outcome) if found.is_empty() && looked_at > 0 => outcome,
        _ => CheckOutcome::of(looked_at, found),
    }
}

fn of_entry(host: &str, call: &EntryCall<'_>, passage: &Passage) -> Finding {
    let EntryCall { entry, through, caller, .. } = call;
    let id = &entry.id;
    let show = ShellCommand::show(&id.kind.qualified(), &id.name, &id.namespace);
    let verb = match passage.end {
        End::Leaves { .. } if passage.hops.len() > 1 => "leave for another host from",
        End::Leaves { .. } | End::Arrives { .. } => "leave around",
        End::Refused(_) | End::Undecided => "do not pass",
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("calls from {caller} to {host}:{} {verb} {through}", call.call.port),
        object: Place::of(id).field("spec.hosts", host),
        evidence: detour::way(passage),
        consequence: detour::consequence(passage, Some(caller)),
        fix: fixes::fix(show, "shows the entry; its ports, and those of the gateway or waypoint, must agree"),
    }
}

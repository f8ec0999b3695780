//! EG015: the gateway has a route for the host.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, arrives, complete_protocols, missing_routes, to_gateway,
};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(15),
    name: "the gateway has a route for the host",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &followed_and::<1, 11>([Input::Gateways]),
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      says for which protocol the gateway has no route.",
    docs: "\
## What it checks
Some VirtualService, bound to a Gateway object of the gateway's pods, routes the host, for each protocol that the
sidecars send. Calls that leave through the gateway all the same, by a rule that delegates, are not reported.

## Why it matters
Without such a route calls end at the gateway: HTTP gets 404 (`NR`), TLS is reset.

## How to fix
Add the second leg: routes for the host that are bound to the Gateway object.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let mut arriving = 0;
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::NothingBound } = missing else { return None };
        if arrives(view, path, gateway, protocol) {
            arriving += 1;
            return None;
        }
        let route = to_gateway(view, path, gateway).into_iter().find(|route| route.protocol == protocol)?;
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("gateway {} has no {protocol} route for {}", gateway.name, path.host),
            object: Place::of(&route.resource.id).field(format!("{}.host", route.field), route.host),
            evidence: vec![format!("no VirtualService of {} is bound to a Gateway of these pods", path.host)],
            consequence: match protocol {
                Protocol::Http => format!("HTTP calls to {} get 404 from the gateway", path.host),
                Protocol::Tls => format!("TLS calls to {} are reset by the gateway", path.host),
            },
            fix: fixes::put_right(view, path, gateway, "writes both legs"),
        })
    });
    let findings = findings.collect();
    CheckOutcome::of(complete_protocols(view, path, gateway) + arriving, findings)
}

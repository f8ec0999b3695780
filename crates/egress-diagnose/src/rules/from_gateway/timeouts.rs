//! EG067: the gateway's timeout is not shorter than the callers'.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use egress_istio::virtual_service::VirtualServiceHttp;
use jiff::SignedDuration;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::gateway_connections::gateway_connections;
use crate::traffic::upstream::upstream;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(67),
    name: "the gateway's timeout is not shorter than the callers'",
    level: Level::Info,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "Time is not simulated.",
    docs: "\
## What it checks
`timeout` of the HTTP routes at the gateway: not shorter than in the callers' routes. No `timeout` means no limit.

## Why it matters
The shorter timeout ends the call: 504 (`UT`) after exactly that time, as if the host were slow. It cuts long
downloads, server-sent events and gRPC streams. The callers' own routes do not show the reason.

## How to fix
Set the timeout in the callers' route, and leave `timeout` out at the gateway.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let calls = gateway_connections(view, path, gateway);
    let http: Vec<_> = calls.iter().filter(|call| call.route.protocol == Protocol::Http).collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut rules = 0;
    for upstream in upstream(view, path, gateway) {
        let Some(rule) = upstream.route.http.filter(|_| !http.is_empty()) else { continue };
        rules += 1;
        let Some(limit) = timeout(rule) else { continue };
        let waits_longer =
            |patience: Option<SignedDuration>| patience.is_none_or(|patience| patience > limit);
        let Some(call) =
            http.iter().find(|call| call.route.http.is_some_and(|rule| waits_longer(timeout(rule))))
        else {
            continue;
        };
        let Some((place, _)) = upstream.route.field.split_once(".route[") else { continue };
        let field = format!("{place}.timeout");
        let said = |rule: &VirtualServiceHttp| rule.timeout.clone().unwrap_or_default();
        let patience = match call.route.http.filter(|rule| timeout(rule).is_some()) {
            Some(rule) => format!("has timeout {}", said(rule)),
            None => "has no timeout".to_owned(),
        };
        let id = &upstream.route.resource.id;
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("the gateway's timeout for {} is shorter than the callers'", path.host),
            object: Place::of(id).field(&field, said(rule)),
            evidence: vec![format!("the callers' route in {} {patience}", call.route.resource.id)],
            consequence: format!(
                "calls to {} longer than {} get 504 from the gateway",
                path.host,
                said(rule)
            ),
            // Istio's schema refuses `0s`: only a route without the field has no timeout.
            fix: fixes::leave_out(id, &field, "leaves the limit to the callers' route"),
        });
    }
    findings.dedup_by(|left, right| left.object == right.object);
    CheckOutcome::of(rules, findings)
}

/// The timeout of a rule; none if it has none. Zero means none.
fn timeout(rule: &VirtualServiceHttp) -> Option<SignedDuration> {
    let text = rule.timeout.as_deref()?;
    text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive)
}

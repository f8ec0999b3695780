//! EG054: the host's route is exported to the gateway's namespace.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, complete_protocols, end_at_gateway, missing_routes,
};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(54),
    name: "the host's route is exported to the gateway's namespace",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      exports the route to the gateway's namespace.",
    docs: "\
## What it checks
`exportTo` of the VirtualService that is bound to the Gateway object: it covers the namespace of the gateway's pods.

## Why it matters
The gateway ignores a VirtualService that is not exported to its namespace, even if it names the Gateway: 404 for
HTTP, a reset for TLS.

## How to fix
Export the VirtualService to the gateway's namespace.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let namespace = &gateway.name.namespace;
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::Hidden(route) } = missing else { return None };
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("namespace {namespace} does not see the gateway's route for {protocol}"),
            object: Place::export_to(route),
            evidence: vec![format!("the pods of gateway {} run in {namespace}", gateway.name)],
            consequence: end_at_gateway(protocol, &path.host),
            fix: fixes::export(view, route, namespace, "exports it to the gateway"),
        })
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

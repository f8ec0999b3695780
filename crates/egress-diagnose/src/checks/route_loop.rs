//! EG016: no route of the gateway leads back to the gateway.

use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::legs::from_gateway;
use crate::routes::Route;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(16),
    name: "no route of the gateway leads back to the gateway",
    level: Level::Error,
    hop: Hop::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    docs: "\
## What it checks
The rules for the host that the gateway's pods follow: none of them has the gateway's own Service as its destination.

## Why it matters
A rule of a VirtualService that is bound to `mesh` and to a Gateway, and that does not say in `match.gateways` whom it is
for, holds for both. The gateway then sends the call to itself, again and again, until a limit stops it: 503, and a load on
the gateway that one call should not make.

## How to fix
Say in `match.gateways` that the rule is for `mesh`.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let service = view.service_host(gateway);
    let routes = from_gateway(view, way, gateway);
    let mut loops: Vec<&Route<'_>> = routes.iter().filter(|route| route.host == service).collect();
    // One rule may be chosen by several matches.
    loops.dedup_by(|one, other| one.resource.id == other.resource.id && one.field == other.field);
    Outcome::of(loops.into_iter().map(|route| finding(way, route)).collect())
}

fn finding(way: &Way<'_>, route: &Route<'_>) -> Finding {
    let rule = route.field.split(".route").next().unwrap_or_default();
    let path = |field: &str| format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
    let operation = match &route.matched {
        Some(matched) => {
            json!({ "op": "add", "path": format!("{}/gateways", path(matched)), "value": ["mesh"] })
        }
        None => {
            json!({ "op": "add", "path": format!("{}/match", path(rule)), "value": [{ "gateways": ["mesh"] }] })
        }
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the gateway sends {} back to itself", way.host),
        object: Place::of(&route.resource.id).field(format!("{}.host", route.field), route.host),
        evidence: vec![format!(
            "{rule} does not say that it is for `mesh` alone, so that the gateway follows it, too"
        )],
        consequence: format!(
            "{} calls to {} run in a circle at the gateway and fail with 503",
            route.protocol, way.host
        ),
        fix: fixes::patch(&route.resource.id, &operation, "keeps the rule to the sidecars"),
    }
}

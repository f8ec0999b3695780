//! EG016: the gateway does not route the host back to itself.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::from_gateway;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(16),
    name: "the gateway does not route the host back to itself",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      names the rule that is not limited to sidecars.",
    docs: "\
## What it checks
The gateway's routes for the host: none has the gateway's own Service as its destination.

## Why it matters
If a VirtualService is bound to both `mesh` and a Gateway, a route without `match.gateways` applies to both. The
gateway then sends the call to itself until a limit stops it: 503, and a high load on the gateway from one call.

## How to fix
Set `match.gateways` of the route to `mesh`.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let service = view.service_host(gateway);
    let routes = from_gateway(view, path, gateway);
    let mut loops: Vec<&Route<'_>> = routes.iter().filter(|route| route.host == service).collect();
    // Several matches may choose the same rule.
    loops.dedup_by(|one, other| one.resource.id == other.resource.id && one.field == other.field);
    CheckOutcome::of(routes.len(), loops.into_iter().map(|route| finding(path, route)).collect())
}

fn finding(path: &EgressPath<'_>, route: &Route<'_>) -> Finding {
    let rule = route.field.split(".route").next().unwrap_or_default();
    let pointer = |field: &str| format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
    let operation = match &route.matched {
        Some(matched) => {
            json!({ "op": "add", "path": format!("{}/gateways", pointer(matched)), "value": ["mesh"] })
        }
        None => {
            json!({ "op": "add", "path": format!("{}/match", pointer(rule)), "value": [{ "gateways": ["mesh"] }] })
        }
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the gateway sends {} back to itself", path.host),
        object: Place::of(&route.resource.id).field(format!("{}.host", route.field), route.host),
        evidence: vec![format!("{rule} is not limited to `mesh`, so the gateway uses it too")],
        consequence: format!(
            "{} calls to {} loop at the gateway and fail with 503",
            route.protocol, path.host
        ),
        fix: fixes::patch(&route.resource.id, &operation, "limits the route to the sidecars"),
    }
}

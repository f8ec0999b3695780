//! EG003: routes are bound to an existing Gateway.

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, complete_protocols, end_at_gateway, missing_routes, name_of,
};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(3),
    name: "routes are bound to an existing Gateway",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::DestinationRules],
    docs: "\
## What it checks
The names in `gateways` of the VirtualServices that route the host at the gateway. A bare name means the
VirtualService's own namespace.

## Why it matters
A VirtualService that is bound to no existing Gateway has no effect: calls end at the gateway with 404 or a reset.

## How to fix
Write the name as `NAMESPACE/NAME`, or create the Gateway object.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::NoGatewayObject(route, name) } = missing
        else {
            return None;
        };
        let objects = view.gateway_objects().filter(|object| selects(object, gateway));
        let names: Vec<String> = objects.map(name_of).collect();
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("there is no Gateway {name}"),
            object: Place::of(&route.id).field("spec.gateways", bound(route).join(", ")),
            evidence: vec![match names.as_slice() {
                [] => format!("no Gateway object selects the pods of gateway {}", gateway.name),
                names => format!("Gateway objects of these pods: {}", list(names)),
            }],
            consequence: end_at_gateway(protocol, &path.host),
            fix: fixes::put_right(view, path, gateway, "recreates the egress, bound to an existing Gateway"),
        })
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

fn bound(route: &Resource) -> Vec<String> {
    route.virtual_service().and_then(|spec| spec.gateways.clone()).unwrap_or_default()
}

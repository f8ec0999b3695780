//! EG003: routes are bound to an existing Gateway.

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;

use crate::did_you_mean::did_you_mean;
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
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      binds the route to an existing Gateway that has a server for the host.",
    docs: "\
## What it checks
The names in `gateways` of the VirtualServices that route the host at the gateway. A bare name means the
VirtualService's own namespace.

## Why it matters
A VirtualService that is bound to no existing Gateway has no effect: calls end at the gateway with 404 or a reset.

## How to fix
Write the name as `NAMESPACE/NAME`, or create the Gateway object. A Gateway object of the same or a similar name that
has a server for the host is most likely the one that is meant.
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
        let meant = meant(view, path, gateway, &name).filter(|_| path.record().is_none());
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
            fix: match meant {
                Some(meant) => {
                    let why = format!("binds it to {meant}, which exists and has a server for the host");
                    fixes::bind_to(route, &name, &meant, &why)
                }
                None => fixes::put_right(
                    view,
                    path,
                    gateway,
                    "recreates the egress, bound to an existing Gateway",
                ),
            },
        })
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

/// The Gateway object that a wrong name most likely means, of those of these pods with a server for the host: one of the
/// same name in another namespace, one with a similar name, or the only one.
fn meant(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts, wrong: &str) -> Option<String> {
    let serving = view.gateway_objects_for(&path.host).into_iter().filter(|object| selects(object, gateway));
    let names: Vec<String> = serving.map(name_of).collect();
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let moved = names.iter().find(|name| last(name) == last(wrong));
    let similar = || did_you_mean(wrong, names.iter().map(String::as_str)).map(str::to_owned);
    let only = || (names.len() == 1).then(|| names.first().cloned()).flatten();
    moved.cloned().or_else(similar).or_else(only)
}

fn bound(route: &Resource) -> Vec<String> {
    route.virtual_service().and_then(|spec| spec.gateways.clone()).unwrap_or_default()
}

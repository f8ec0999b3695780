//! EG008: no other VirtualService overrides the route to the gateway.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::visibility::virtual_service::MESH;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::istio::routes::routes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::view::View;
use crate::{fixes, wording};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(8),
    name: "no other VirtualService overrides the route to the gateway",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices],
    docs: "\
## What it checks
All VirtualServices of the host with routes for sidecars that the callers see, in istiod's order: private ones before
public ones, then by age. For each protocol the first must be the route to the gateway.

## Why it matters
For HTTP, the first VirtualService wins and all others are ignored. For TLS, the first of two equal matches wins. The
other VirtualService then decides, and may send calls directly to the host.

## How to fix
Delete the other VirtualService, or export it to other namespaces only.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(gateway) = path.gateway else { return CheckOutcome::NotApplicable };
    let protocols: BTreeSet<Protocol> =
        to_gateway(view, path, gateway).iter().map(|route| route.protocol).collect();
    let (mut looked_at, mut findings) = (0, Vec::new());
    for caller in &path.callers {
        let seen = view.mesh_routes_seen_from(caller, &path.host);
        if !seen.iter().any(|resource| path.owns(&resource.id)) {
            continue;
        }
        looked_at += protocols.len();
        for protocol in &protocols {
            let speaks = |route: &crate::istio::routes::Route<'_>| route.protocol == *protocol;
            let mut with_rules = seen.iter().filter_map(|resource| {
                Some((*resource, routes(resource, MESH, &path.host).into_iter().find(speaks)?))
            });
            let Some((other, route)) = with_rules.next().filter(|(resource, _)| !path.owns(&resource.id))
            else {
                continue;
            };
            findings.push(Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: format!("another VirtualService overrides the {protocol} route of {caller}"),
                object: Place::of(&other.id).field(format!("{}.host", route.field), route.host),
                evidence: vec![format!("its exportTo is `{}`", wording::export_to(other).join(", "))],
                consequence: if route.host == path.host {
                    format!(
                        "{protocol} calls from {caller} to {} leave directly from the caller's node",
                        path.host
                    )
                } else {
                    format!("{protocol} calls from {caller} to {} go to {}", path.host, route.host)
                },
                fix: fixes::delete(
                    other,
                    "makes the route to the gateway win; first find out who needs the other",
                ),
            });
        }
    }
    // A private route comes before all routes of other namespaces, so the check does not need to know those.
    let private = |resource: &Resource| wording::export_to(resource) == ["."];
    let own = to_gateway(view, path, gateway);
    if findings.is_empty() && !own.iter().all(|route| private(route.resource)) {
        return view
            .sees(None)
            .map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::of(looked_at, findings));
    }
    CheckOutcome::of(looked_at, findings)
}

//! EG025: ServiceEntry and route are exported to the callers.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::OutboundMode;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::view::View;
use crate::wording::without_route;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(25),
    name: "ServiceEntry and route are exported to the callers",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[
        Input::ServiceEntries,
        Input::VirtualServices,
        Input::Mesh,
        Input::Sidecars,
        Input::Pods,
    ],
    docs: "\
## What it checks
`exportTo` of the VirtualService and of the ServiceEntry, for each caller namespace.

## Why it matters
A namespace ignores objects that are not exported to it. Without the ServiceEntry the sidecar refuses TLS to the host;
without the route it does not send calls to the gateway.

## How to fix
Export both objects to the caller namespaces.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    if path.egress.is_none() {
        return CheckOutcome::NotApplicable;
    }
    let (mut visible, mut findings) = (0, Vec::new());
    for caller in &path.callers {
        let routed = view.mesh_routes_seen_from(caller, &path.host).iter().any(|route| path.owns(&route.id));
        let known = !view.entries_seen_from(caller, &path.host).is_empty();
        let hidden = match (routed, known) {
            (true, true) => {
                visible += 1;
                continue;
            }
            // Sidecars route HTTP on port 80 by a VirtualService alone: `buildSidecarOutboundHTTPRouteConfig` in
            // `pilot/pkg/networking/core/httproute.go`. Nothing is missing for calls that nobody may make directly.
            (true, false) if is_port_80_alone(view, path) => {
                visible += 1;
                continue;
            }
            (false, _) => view.virtual_services(&path.host),
            (true, false) => view.entries(&path.host),
        };
        let own = hidden.into_iter().find(|resource| path.owns(&resource.id) && hides(resource));
        findings.extend(own.map(|resource| Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("namespace {caller} does not see the {}", what(resource)),
            object: Place::export_to(resource),
            evidence: Vec::new(),
            consequence: match view.outbound_from(caller) {
                _ if known && !routed => {
                    format!("calls from {caller} to {} leave directly from the caller's node", path.host)
                }
                Some(OutboundMode::RegistryOnly) if routed => format!(
                    "TLS calls from {caller} to {} are reset; HTTP works only while another host uses the same port",
                    path.host
                ),
                outbound => without_route(&[caller], &path.host, outbound),
            },
            fix: if path.record().is_some() {
                fixes::add(path, "exports the objects as recorded")
            } else {
                fixes::export(view, resource, caller, "exports it to the namespace")
            },
        }));
    }
    CheckOutcome::of(visible, findings)
}

/// Whether all routes to the gateway are for HTTP on port 80, where sidecars listen because the gateway's Service has it.
fn is_port_80_alone(view: &View<'_>, path: &EgressPath<'_>) -> bool {
    let Some(gateway) = path.gateway.filter(|gateway| gateway.port(80).is_some()) else { return false };
    let routes = to_gateway(view, path, gateway);
    let is_alone = |route: &Route<'_>| route.protocol == Protocol::Http && route.port == Some(80);
    path.record().is_none() && !routes.is_empty() && routes.iter().all(is_alone)
}

/// Whether the callers need to see the object: only the gateway needs the gateway leg.
fn hides(resource: &Resource) -> bool {
    resource.virtual_service().is_none_or(egress_core::visibility::virtual_service::serves_mesh)
}

fn what(resource: &Resource) -> &'static str {
    if resource.virtual_service().is_some() { "route" } else { "host" }
}

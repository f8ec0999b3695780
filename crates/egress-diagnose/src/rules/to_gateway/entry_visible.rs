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
use crate::wording::{calling_namespaces, some_of, without_route};

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
    beside_the_walk: "Calls are followed from callers that get the route. This check looks for callers that do not.",
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
    let mut visible = 0;
    let mut hidden: Vec<Hidden<'_>> = Vec::new();
    for caller in &path.callers {
        let routed = view.mesh_routes_seen_from(caller, &path.host).iter().any(|route| path.owns(&route.id));
        let known = !view.entries_seen_from(caller, &path.host).is_empty();
        let candidates = match (routed, known) {
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
        let own = candidates.into_iter().find(|resource| path.owns(&resource.id) && hides(resource));
        let Some(resource) = own else { continue };
        let effect = match view.outbound_from(caller) {
            _ if known && !routed => Effect::LeaveDirectly,
            Some(OutboundMode::RegistryOnly) if routed => Effect::TlsIsReset,
            outbound => Effect::WithoutRoute(outbound),
        };
        let is_same = |one: &&mut Hidden<'_>| one.resource.id == resource.id && one.effect == effect;
        match hidden.iter_mut().find(is_same) {
            Some(known) => known.callers.push(caller.clone()),
            None => hidden.push(Hidden { resource, effect, callers: vec![caller.clone()] }),
        }
    }
    CheckOutcome::of(visible, hidden.into_iter().map(|hidden| hidden.finding(view, path)).collect())
}

/// An object that callers do not see, and who they are.
struct Hidden<'a> {
    resource: &'a Resource,
    effect: Effect,
    callers: Vec<String>,
}

/// What becomes of the calls.
#[derive(PartialEq)]
enum Effect {
    LeaveDirectly,
    TlsIsReset,
    WithoutRoute(Option<OutboundMode>),
}

impl Hidden<'_> {
    fn finding(&self, view: &View<'_>, path: &EgressPath<'_>) -> Finding {
        let Hidden { resource, effect, callers } = self;
        let (names, host) = (some_of(callers), &path.host);
        let (word, verb) = if callers.len() == 1 { ("namespace", "does") } else { ("namespaces", "do") };
        let why =
            if callers.len() == 1 { "exports it to the namespace" } else { "exports it to the namespaces" };
        Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("{word} {names} {verb} not see the {}", what(resource)),
            object: Place::export_to(resource),
            evidence: calling_namespaces(callers).into_iter().collect(),
            consequence: match effect {
                Effect::LeaveDirectly => {
                    format!("calls from {names} to {host} leave directly from the caller's node")
                }
                Effect::TlsIsReset => format!(
                    "TLS calls from {names} to {host} are reset; HTTP works only while another host uses the same port"
                ),
                Effect::WithoutRoute(outbound) => without_route(callers, host, *outbound),
            },
            fix: if path.record().is_some() {
                fixes::add(path, "exports the objects as recorded")
            } else {
                fixes::export_to_all(view, resource, callers, why)
            },
        }
    }
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

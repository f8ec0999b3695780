//! EG041: no wildcard behind a gateway uses DYNAMIC_DNS.

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::MESH;
use egress_istio::service_entry::ServiceEntryResolution;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::routes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(41),
    name: "no wildcard behind a gateway uses DYNAMIC_DNS",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::ServiceEntries, Input::VirtualServices, Input::Gateways],
    beside_the_walk: "How the gateway resolves names for each call is not simulated: calls with DYNAMIC_DNS are left open.",
    docs: "\
## What it checks
ServiceEntries of a wildcard with `resolution: DYNAMIC_DNS`: no route sends that wildcard to an egress gateway.

## Why it matters
Sidecars and waypoints can resolve the name of each call. A gateway pod cannot: istiod adds the filters only to
sidecars (outbound) and waypoints (inbound) (`listener_builder.go` in `pilot/pkg/networking/core`, istio/istio#61831).
Calls through the gateway get 503.

## How to fix
Add the needed names one by one. If one server serves all names of the wildcard, a ServiceEntry for that server and
routes for the wildcard also work.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    view.note(Input::ServiceEntries);
    let entries = view.index().of_kind(Kind::ServiceEntry).iter().copied();
    let dynamic = |entry: &&Resource| {
        entry.service_entry().is_some_and(|spec| spec.resolution == Some(ServiceEntryResolution::DynamicDns))
    };
    let mut dynamic = entries.filter(dynamic).peekable();
    if dynamic.peek().is_none() {
        return CheckOutcome::NotApplicable;
    }
    let services: Vec<String> = view.gateways().iter().map(|gateway| view.service_host(gateway)).collect();
    let mut findings = Vec::new();
    for entry in dynamic {
        for star in entry.service_entry().into_iter().flat_map(|spec| &spec.hosts) {
            let name = star.replacen('*', "any", 1);
            let taken = view.virtual_services(&name).into_iter().find(|resource| {
                routes(resource, MESH, &name).iter().any(|route| services.iter().any(|it| it == route.host))
            });
            findings.extend(taken.map(|resource| finding(entry, star, resource)));
        }
    }
    CheckOutcome::of(1, findings)
}

fn finding(entry: &Resource, star: &str, taken: &Resource) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{star} is routed to a gateway, which cannot resolve the name of each call"),
        object: Place::of(&entry.id).field("spec.resolution", "DYNAMIC_DNS"),
        evidence: vec![format!("{} routes {star} to the gateway", taken.id)],
        consequence: format!("calls to names of {star} end at the gateway with 503"),
        fix: {
            let why = "with REGISTRY_ONLY, sidecars then refuse these names, else calls leave directly; add each needed one with `kubectl egress add`";
            let is_only = |route: &&Resource| {
                route
                    .virtual_service()
                    .and_then(|spec| spec.hosts.as_ref())
                    .is_some_and(|hosts| *hosts == [star])
            };
            // The route alone would still lead calls to the gateway, which then knows no host.
            let route = Some(taken).filter(is_only).map(|route| fixes::delete(route, why));
            fixes::one_after_the_other(fixes::delete(entry, why), route, why)
        },
    }
}

//! EG041: a wildcard behind a gateway is not left to dynamic DNS.

use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::MESH;
use egress_istio::service_entry::ServiceEntryResolution;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::routes::routes;
use crate::view::View;

pub(super) const CHECK: Check = Check {
    code: Code(41),
    name: "no wildcard that a gateway carries is left to dynamic DNS",
    level: Level::Error,
    hop: Hop::Mesh,
    inputs: &[Input::ServiceEntries, Input::VirtualServices, Input::Gateways],
    docs: "\
## What it checks
ServiceEntries of a wildcard with `resolution: DYNAMIC_DNS`: no route takes that wildcard to an egress gateway.

## Why it matters
Sidecars and waypoints can resolve the name that each call asks for. A gateway pod cannot: istiod puts the filters for it
only into the outbound side of sidecars and the inbound side of waypoints (`listener_builder.go` in
`pilot/pkg/networking/core`, istio/istio#61831). Calls that are taken to the gateway end there with 503.

## How to fix
Add the names that are needed one by one. Where one server answers for all names below the wildcard, an entry of that
server's name and routes for the wildcard do as well.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> Outcome {
    view.note(Input::ServiceEntries);
    let entries = view.index().of_kind(Kind::ServiceEntry).iter().copied();
    let dynamic = |entry: &&Resource| {
        entry.service_entry().is_some_and(|spec| spec.resolution == Some(ServiceEntryResolution::DynamicDns))
    };
    let mut dynamic = entries.filter(dynamic).peekable();
    if dynamic.peek().is_none() {
        return Outcome::NotApplicable;
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
    Outcome::of(findings)
}

fn finding(entry: &Resource, star: &str, taken: &Resource) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{star} is taken to a gateway, which cannot resolve names as calls come in"),
        object: Place::of(&entry.id).field("spec.resolution", "DYNAMIC_DNS"),
        evidence: vec![format!("{} takes {star} to the gateway", taken.id)],
        consequence: format!("calls to names below {star} end at the gateway with 503"),
        fix: fixes::delete(
            entry,
            "refuses the names at once; then `kubectl egress add` each one that is needed",
        ),
    }
}

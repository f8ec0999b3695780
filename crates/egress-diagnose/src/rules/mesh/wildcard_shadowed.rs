//! EG037: no VirtualService of a single host overrides its wildcard's route.

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::{MESH, serves_mesh};
use egress_core::visibility::{exported_to, host_matches};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::routes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::export_to;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(37),
    name: "no VirtualService of a single host overrides its wildcard's route",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::VirtualServices, Input::ServiceEntries, Input::Gateways],
    beside_the_walk: "Calls are followed to some name below the wildcard. This check looks for the names that another \
                      VirtualService takes.",
    docs: "\
## What it checks
VirtualServices that route a wildcard such as `*.example.com` to a gateway, and VirtualServices of single hosts below
it that the same callers see: the single hosts have a route to a gateway too.

## Why it matters
A sidecar prefers the exact name to the wildcard. A VirtualService for one host, perhaps only for a timeout, takes
that host away from the gateway: its calls leave directly from the caller's node, and nothing else looks different.

## How to fix
Add the single host, which gives it its own route to the gateway, or delete its VirtualService.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    view.note(Input::VirtualServices);
    let services: Vec<String> = view.gateways().iter().map(|gateway| view.service_host(gateway)).collect();
    let all = view.index().of_kind(Kind::VirtualService).iter().copied();
    let of_mesh: Vec<&Resource> =
        all.filter(|resource| resource.virtual_service().is_some_and(serves_mesh)).collect();
    let hosts = |resource: &'_ Resource| -> Vec<String> {
        resource.virtual_service().and_then(|spec| spec.hosts.clone()).unwrap_or_default()
    };
    let leads = |resource: &Resource, host: &str| {
        routes(resource, MESH, host).iter().any(|route| services.iter().any(|service| service == route.host))
    };
    let mut wildcards: Vec<(&Resource, String)> = Vec::new();
    for resource in &of_mesh {
        let stars = hosts(resource).into_iter().filter(|host| host.starts_with("*."));
        wildcards.extend(stars.filter(|star| leads(resource, &below(star))).map(|star| (*resource, star)));
    }
    if wildcards.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let mut findings = Vec::new();
    for resource in &of_mesh {
        for host in hosts(resource).iter().filter(|host| !host.starts_with('*')) {
            let over =
                wildcards.iter().find(|(wild, star)| host_matches(star, host) && share(wild, resource));
            if let Some((wild, star)) =
                over.filter(|_| counts(view, resource, host) && !leads(resource, host))
            {
                findings.push(finding(resource, host, wild, star));
            }
        }
    }
    CheckOutcome::of(wildcards.len(), findings)
}

/// HTTP rules apply to any host. SNI rules apply only if an entry declares the host, since sidecars build their filter
/// chains from entries.
fn counts(view: &View<'_>, resource: &Resource, host: &str) -> bool {
    view.note(Input::ServiceEntries);
    let has_http =
        resource.virtual_service().is_some_and(|spec| spec.http.as_ref().is_some_and(|it| !it.is_empty()));
    has_http || !view.entries(host).is_empty()
}

/// A host below a wildcard, as rules match it.
fn below(star: &str) -> String {
    star.replacen('*', "any", 1)
}

/// Whether any namespace sees both.
fn share(one: &Resource, other: &Resource) -> bool {
    let viewers = |resource: &Resource| -> Vec<String> {
        let words = export_to(resource).into_iter();
        words.map(|word| if word == "." { resource.id.namespace.clone() } else { word }).collect()
    };
    let sees = |resource: &Resource, viewer: &str| {
        let words = export_to(resource);
        exported_to(Some(&words), &resource.id.namespace, viewer)
    };
    viewers(one).iter().any(|viewer| viewer == "*" || sees(other, viewer))
        || viewers(other).iter().any(|viewer| viewer == "*" || sees(one, viewer))
}

fn finding(resource: &Resource, host: &str, wild: &Resource, star: &str) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("a VirtualService of {host} overrides {star}, which has a route to a gateway"),
        object: Place::of(&resource.id).field("spec.hosts", host),
        evidence: vec![
            Place::of(&wild.id).field("spec.hosts", star).to_string(),
            "no route of the single host leads to an egress gateway".to_owned(),
        ],
        consequence: format!("calls to {host} leave directly from the caller's node"),
        fix: fixes::delete(
            resource,
            "the wildcard's route applies again; move the object's other settings into routes to the gateway",
        ),
    }
}

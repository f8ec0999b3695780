//! EG039: no object of the egress was overwritten for another host.

use egress_core::input::Input;
use egress_core::resource::{Resource, Spec};
use egress_core::role::Role;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(39),
    name: "no object of the egress was overwritten for another host",
    level: Level::Error,
    segment: PathSegment::Objects,
    inputs: &[Input::ServiceEntries, Input::VirtualServices],
    beside_the_walk: "It compares names with the record of what was asked for; the calls of the overwritten host have no \
                      object any more.",
    docs: "\
## What it checks
The objects written for a host: each still names that host.

## Why it matters
Object names made from host names can collide: many tools write `a-b-example-com` for both `a-b.example.com` and
`a.b.example.com`. The second write overwrites the first, whose calls then fail or leave directly. This tool never
overwrites an object of another host; other tools do.

## How to fix
Add the host again, and rename the other host's object.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    view.note(Input::ServiceEntries);
    view.note(Input::VirtualServices);
    let Some(egress) = path.egress.filter(|_| path.record().is_some()) else {
        return CheckOutcome::NotApplicable;
    };
    let named = |role: &Role| matches!(role, Role::Client | Role::MeshLeg | Role::GatewayLeg);
    let parts: Vec<_> =
        egress.parts.iter().filter(|part| named(&part.role)).map(|part| &part.resource).collect();
    let others = parts.iter().filter(|resource| is_for_another(resource, &path.host));
    CheckOutcome::of(parts.len(), others.map(|resource| finding(path, resource)).collect())
}

/// Whether an object has hosts, but not this one.
pub(super) fn is_for_another(resource: &Resource, host: &str) -> bool {
    let hosts = hosts(resource);
    !hosts.is_empty() && !hosts.iter().any(|found| found.eq_ignore_ascii_case(host))
}

fn hosts(resource: &Resource) -> Vec<&str> {
    match &resource.spec {
        Spec::ServiceEntry(spec) => spec.hosts.iter().map(String::as_str).collect(),
        Spec::VirtualService(spec) => spec.hosts.iter().flatten().map(String::as_str).collect(),
        Spec::Gateway(_) | Spec::DestinationRule(_) | Spec::Sidecar(_) | Spec::Untyped(_) => Vec::new(),
    }
}

fn finding(path: &EgressPath<'_>, resource: &Resource) -> Finding {
    let found = list(&hosts(resource));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("an object of {} was overwritten for {found}", path.host),
        object: Place::of(&resource.id).field("spec.hosts", found.as_str()),
        evidence: vec![format!("its annotations still name {}", path.host)],
        consequence: format!(
            "calls to {} fail or bypass the gateway, and {found} depends on objects of another egress",
            path.host
        ),
        fix: fixes::add(
            path,
            &format!("rewrites it for {}; {found} needs an object with another name", path.host),
        ),
    }
}

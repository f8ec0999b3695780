//! EG110: istiod's webhook accepts the objects of Istio.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::istio::validation::{Rejection, rejections};
use egress_core::resource::Resource;
use egress_core::role::Kind;
use rayon::prelude::*;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

mod remedy;

/// The kinds that are looked at.
const KINDS: [Kind; 5] =
    [Kind::ServiceEntry, Kind::VirtualService, Kind::DestinationRule, Kind::Gateway, Kind::Sidecar];

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(110),
    name: "istiod's webhook accepts the objects of Istio",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::ServiceEntries,
        Input::VirtualServices,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::Sidecars,
    ],
    beside_the_walk: "Calls are followed as if the object were stored: they do not show that its next change is refused.",
    docs: "\
## What it checks
Every ServiceEntry, VirtualService, DestinationRule, Gateway and Sidecar, as istiod's validating webhook does: hosts, ports,
protocols, TLS settings, endpoints, destinations, `exportTo`. Headers, expressions, connection pools and load balancers are not
checked.

## Why it matters
The webhook refuses such an object when it is written. An object from before the webhook, or written while the webhook was
down, is stored: istiod uses it, and its next change is refused. Calls are followed as if the object were stored.

## How to fix
Change the named field. Where one value is evident, such as a missing name of a port or the resolution of a wildcard, the
finding has the change, and the same validation has taken it. A number of a port, a destination or a certificate that is
refused could mean several things: only the object is shown.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    for kind in KINDS {
        view.note(Input::from(kind));
    }
    let objects: Vec<&Resource> =
        KINDS.iter().flat_map(|kind| view.index().of_kind(*kind).iter().copied()).collect();
    let refused = objects.par_iter().filter_map(|object| {
        let reasons = rejections(object);
        (!reasons.is_empty()).then_some((*object, reasons))
    });
    let refused: Vec<(&Resource, Vec<Rejection>)> = refused.collect();
    let findings = refused.iter().filter_map(|(object, reasons)| finding(view, object, reasons));
    CheckOutcome::of(objects.len(), findings.collect())
}

fn finding(view: &View<'_>, object: &Resource, reasons: &[Rejection]) -> Option<Finding> {
    let (first, others) = reasons.split_first()?;
    let id = &object.id;
    let further = |other: &Rejection| format!("{}: {}", other.field, other.reason);
    let show = ShellCommand::show(&id.kind.qualified(), &id.name, &id.namespace);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "istiod refuses {} {}/{}: {}",
            id.kind.to_string().to_ascii_lowercase(),
            id.namespace,
            id.name,
            first.reason
        ),
        object: Place::of(id).field(&first.field, &first.value),
        evidence: others.iter().map(further).collect(),
        consequence: "`kubectl apply` of it fails; where it is stored already, its next change fails"
            .to_owned(),
        fix: remedy::of(object, &view.index().snapshot().mesh.api_version)
            .unwrap_or_else(|| fixes::fix(show, "shows the object, if it is stored; change the field")),
    })
}

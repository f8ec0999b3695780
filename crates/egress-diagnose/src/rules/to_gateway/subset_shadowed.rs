//! EG056: no DestinationRule of the caller namespace hides the subset.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::subset::{Subsets, Unresolved, UnresolvedCause, subsets};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(56),
    name: "no DestinationRule of the caller namespace hides the subset",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules],
    docs: "\
## What it checks
A DestinationRule of the caller namespace that covers the gateway's Service, also by a wildcard such as `*.local`, has
the subset that the route names.

## Why it matters
istiod asks the caller namespace first and stops at the first match, even if that has fewer settings. These callers
then ignore the DestinationRule in the gateway's namespace: 503 (`NC cluster_not_found`).

## How to fix
Delete the DestinationRule, narrow its host, or repeat the subset in it.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let Subsets { resolved, unresolved } = subsets(view, path, gateway);
    let findings = unresolved.into_iter().filter_map(|missing| {
        let Unresolved { caller, route, subset, cause: UnresolvedCause::Shadowed { by, holder } } = missing
        else {
            return None;
        };
        let host = by.destination_rule().map(|spec| spec.host.clone()).unwrap_or_default();
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!(
                "a DestinationRule of {caller} hides subset `{subset}` of the gateway's Service"
            ),
            object: Place::of(&by.id).field("spec.host", host),
            evidence: vec![
                format!("{} has the subset", holder.id),
                format!("{} names it in {}", route.resource.id, route.field),
            ],
            consequence: format!("{} calls from {caller} to {} fail with 503", route.protocol, path.host),
            fix: fixes::delete(
                by,
                "makes the rule of the gateway's namespace apply; first find out what else needs this one",
            ),
        })
    });
    CheckOutcome::of(resolved, findings.collect())
}

//! EG056: no DestinationRule of the callers' namespace hides the gateway's subset.

use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::subset::{Cause, Unresolved, unresolved};
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(56),
    name: "no rule of the callers' namespace hides the gateway's subset",
    level: Level::Error,
    hop: Hop::ToGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules],
    docs: "\
## What it checks
Whether the callers' own namespace has a DestinationRule that covers the gateway's Service, also by a wildcard such as
`*.local`, and lacks the subset that the route names.

## Why it matters
istiod asks the callers' namespace first and stops at the first match, even where it says less. The rule in the gateway's
namespace then does not exist for these callers: 503 (`NC cluster_not_found`).

## How to fix
Delete the rule, narrow its host, or repeat the subset in it.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let findings = unresolved(view, way, gateway).into_iter().filter_map(|missing| {
        let Unresolved { caller, route, subset, cause: Cause::Shadowed { by, holder } } = missing else {
            return None;
        };
        let host = by.destination_rule().map(|spec| spec.host.clone()).unwrap_or_default();
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("a rule of {caller} hides the subset `{subset}` of the gateway's Service"),
            object: Place::of(&by.id).field("spec.host", host),
            evidence: vec![
                format!("{} has the subset", holder.id),
                format!("{} names it in {}", route.resource.id, route.field),
            ],
            consequence: format!("{} calls from {caller} to {} fail with 503", route.protocol, way.host),
            fix: fixes::delete(
                by,
                "lets the rule of the gateway's namespace count; first see what else needs it",
            ),
        })
    });
    Outcome::of(findings.collect())
}

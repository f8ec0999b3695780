//! EG047: no younger DestinationRule with another exportTo hides the subset.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::subset::{Subsets, Unresolved, UnresolvedCause, subsets};
use crate::view::View;
use crate::wording::export_to;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(47),
    name: "no younger DestinationRule with another exportTo hides the subset",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules],
    docs: "\
## What it checks
The DestinationRules of the gateway's Service in one namespace: all have the same `exportTo`.

## Why it matters
istiod merges DestinationRules of one host only if their `exportTo` is equal. Otherwise the youngest one that the
callers see replaces the others, and their subsets disappear: 503 (`NC cluster_not_found`).

## How to fix
Give the younger DestinationRule the `exportTo` of the older one.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let Subsets { resolved, unresolved } = subsets(view, path, gateway);
    let findings = unresolved.into_iter().filter_map(|missing| {
        let Unresolved { caller, route, subset, cause: UnresolvedCause::HiddenByYounger { by, holder } } =
            missing
        else {
            return None;
        };
        let words = holder.destination_rule().and_then(|spec| spec.export_to.clone());
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!(
                "a younger DestinationRule hides subset `{subset}` of the gateway's Service from {caller}"
            ),
            object: Place::export_to(by),
            evidence: vec![format!(
                "{} has the subset, and its exportTo is `{}`",
                holder.id,
                export_to(holder).join(", ")
            )],
            consequence: format!("{} calls from {caller} to {} fail with 503", route.protocol, path.host),
            fix: fixes::merge(&by.id, &json!({ "exportTo": words }), "lets istiod merge the two rules"),
        })
    });
    CheckOutcome::of(resolved, findings.collect())
}

//! EG007: the callers see the subset of the gateway's Service.

use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::subset::{Cause, Unresolved, unresolved};
use crate::view::View;
use crate::way::Way;
use crate::words::export_to;

pub(super) const CHECK: Check = Check {
    code: Code(7),
    name: "the callers see the subset of the gateway's Service",
    level: Level::Error,
    hop: Hop::ToGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules],
    docs: "\
## What it checks
The subset that the route names, against the DestinationRules that apply to the callers: those of their own namespace,
else of the gateway Service's namespace, else of the root namespace.

## Why it matters
If none of them has the subset, the callers' Envoys have no cluster: 503 (`NC cluster_not_found`), and nothing reaches
the gateway. A DestinationRule in a third namespace never applies, whatever its `exportTo`.

## How to fix
Put the DestinationRule into the namespace of the gateway's Service and export it to the callers, or put it into the
caller namespace.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let findings = unresolved(view, way, gateway).into_iter().filter_map(|missing| {
        let Unresolved { caller, route, subset, cause: Cause::NotVisible { holder } } = missing else {
            return None;
        };
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("callers in {caller} do not see subset `{subset}` of the gateway's Service"),
            object: Place::of(&route.resource.id).field(format!("{}.subset", route.field), subset),
            evidence: vec![match holder {
                Some(rule) => format!(
                    "{} has it, but does not apply to {caller}: exportTo is `{}`",
                    rule.id,
                    export_to(rule).join(", ")
                ),
                None => "no DestinationRule has it".to_owned(),
            }],
            consequence: format!("{} calls from {caller} to {} fail with 503", route.protocol, way.host),
            fix: match holder {
                _ if way.record().is_some() => {
                    fixes::add(way, "writes the objects so that the callers see the subset")
                }
                Some(rule) if rule.id.namespace == gateway.name.namespace => {
                    fixes::export(&rule.id, &caller, "exports it to the callers")
                }
                holder => fixes::write_rule(
                    holder,
                    (route.host, subset),
                    &gateway.name.namespace,
                    "writes it beside the gateway's Service, where all callers see it",
                ),
            },
        })
    });
    Outcome::of(findings.collect())
}

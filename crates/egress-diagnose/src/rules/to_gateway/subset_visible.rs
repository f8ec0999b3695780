//! EG007: the callers see the subset of the gateway's Service.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::exported_to;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::traffic::subset::{Subsets, Unresolved, UnresolvedCause, subset_names, subsets};
use crate::view::View;
use crate::wording::{calling_namespaces, export_to, list, some_of};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(7),
    name: "the callers see the subset of the gateway's Service",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules],
    beside_the_walk: "EG100 names a DestinationRule that hides the subset. Where none has it, or none is exported to the \
                      callers, this check has the change that mends it for all their namespaces at once.",
    docs: "\
## What it checks
The subset that the route names, against the DestinationRules that apply to the callers: those of their own namespace,
else of the gateway Service's namespace, else of the root namespace.

## Why it matters
If none of them has the subset, the callers' Envoys have no cluster: 503 (`NC cluster_not_found`), and nothing reaches
the gateway. A DestinationRule in a third namespace never applies, whatever its `exportTo`.

## How to fix
Put the DestinationRule into the namespace of the gateway's Service and export it to the callers, or put it into the
caller namespace. If the route misspells the subset, correct the route.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let Subsets { resolved, unresolved } = subsets(view, path, gateway);
    let mut all: Vec<MissingSubset<'_>> = Vec::new();
    let mut is_hidden = false;
    for Unresolved { caller, route, subset, cause } in unresolved {
        let UnresolvedCause::NotVisible { holder, meant } = cause else {
            is_hidden = true;
            continue;
        };
        let rules = view.rules_seen_from(&caller, gateway);
        let own = rules.all.iter().copied().find(|rule| rule.id.namespace == caller);
        let evidence = match holder {
            Some(rule) => {
                format!("{} has it, but does not apply to them: {}", rule.id, why_not(rule, &caller))
            }
            None => absent(&rules.all, meant),
        };
        let is_same = |known: &&mut MissingSubset<'_>| {
            known.subset == subset
                && known.evidence == evidence
                && known.own.map(|rule| &rule.id) == own.map(|rule| &rule.id)
                && (&known.route.resource.id, &known.route.field) == (&route.resource.id, &route.field)
        };
        match all.iter_mut().find(is_same) {
            Some(known) => known.callers.push(caller),
            None => {
                all.push(MissingSubset {
                    callers: vec![caller],
                    route,
                    subset,
                    holder,
                    meant,
                    own,
                    evidence,
                });
            }
        }
    }
    // EG100 names the rule that hides it.
    if is_hidden && all.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    CheckOutcome::of(resolved, all.into_iter().map(|missing| missing.finding(view, path, gateway)).collect())
}

/// A subset that some callers do not see, for one reason.
struct MissingSubset<'a> {
    callers: Vec<String>,
    route: Route<'a>,
    subset: &'a str,
    /// The rule that has it.
    holder: Option<&'a Resource>,
    /// A subset with a similar name, and its rule.
    meant: Option<(&'a str, &'a Resource)>,
    /// The rule of the callers' own namespace, which hides one beside the Service.
    own: Option<&'a Resource>,
    evidence: String,
}

impl MissingSubset<'_> {
    fn finding(self, view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Finding {
        let MissingSubset { callers, route, subset, holder, meant, own, evidence } = self;
        let names = some_of(&callers);
        let to_gateway = &gateway.name.namespace;
        let fix = match holder {
            _ if path.record().is_some() => {
                fixes::add(path, "writes the objects so that the callers see the subset")
            }
            Some(rule) if rule.id.namespace == *to_gateway => {
                fixes::export_to_all(view, rule, &callers, "exports it to the callers")
            }
            holder => {
                let meant = meant.and_then(|(meant, _)| correct(view, path, gateway, subset, meant));
                meant.unwrap_or_else(|| {
                    if let Some(own) = own {
                        let why = "adds it to the DestinationRule that the callers use";
                        return fixes::add_subset(own, holder, subset, why);
                    }
                    let why = "writes it beside the gateway's Service, where all callers see it";
                    fixes::write_rule(holder, (route.host, subset), to_gateway, why)
                })
            }
        };
        Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("callers in {names} do not see subset `{subset}` of the gateway's Service"),
            object: Place::of(&route.resource.id).field(format!("{}.subset", route.field), subset),
            evidence: std::iter::once(evidence).chain(calling_namespaces(&callers)).collect(),
            consequence: format!("{} calls from {names} to {} fail with 503", route.protocol, path.host),
            fix,
        }
    }
}

/// Why a DestinationRule does not apply to callers of a namespace.
fn why_not(rule: &Resource, caller: &str) -> String {
    let words = rule.destination_rule().and_then(|spec| spec.export_to.as_deref());
    if exported_to(words, &rule.id.namespace, caller) {
        let namespace = &rule.id.namespace;
        return format!(
            "{namespace} is neither their namespace, nor that of the Service, nor the root namespace"
        );
    }
    format!("exportTo is `{}`", export_to(rule).join(", "))
}

/// Says that no rule has the subset, and which subsets the callers' rules have.
fn absent(rules: &[&Resource], meant: Option<(&str, &Resource)>) -> String {
    if let Some((name, rule)) = meant {
        return format!("no DestinationRule has it; {} has `{name}`", rule.id);
    }
    let having = rules.iter().filter_map(|rule| {
        let names: Vec<String> = subset_names(rule).map(|name| format!("`{name}`")).collect();
        (!names.is_empty()).then(|| format!("{} has {}", rule.id, list(&names)))
    });
    std::iter::once("no DestinationRule has it".to_owned()).chain(having).collect::<Vec<_>>().join("; ")
}

/// Replaces the missing subset with the existing one in the egress's own routes.
fn correct(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    subset: &str,
    meant: &str,
) -> Option<Fix> {
    let why = "names the subset that exists";
    let mut known = BTreeSet::new();
    let routes = to_gateway(view, path, gateway).into_iter().filter(|route| route.subset == Some(subset));
    let mut fixes = routes
        .filter(|route| known.insert((route.resource.id.clone(), route.field.to_string())))
        .map(|route| fixes::set(&route.resource.id, &format!("{}.subset", route.field), &json!(meant), why));
    let first = fixes.next()?;
    Some(fixes::one_after_the_other(first, fixes, why))
}

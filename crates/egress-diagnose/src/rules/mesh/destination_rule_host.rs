//! EG006: DestinationRules of external hosts match a ServiceEntry.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::host_matches;
use serde_json::json;

use crate::did_you_mean::did_you_mean;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(6),
    name: "DestinationRules of external hosts match a ServiceEntry",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::DestinationRules, Input::ServiceEntries, Input::VirtualServices, Input::Mesh],
    beside_the_walk: "No call ends differently: a DestinationRule that matches nothing leaves calls as they are, without \
                      the TLS or the limits that it was written for.",
    docs: "\
## What it checks
Every DestinationRule with a host outside the cluster's own domain: some ServiceEntry declares that host, or, for a
wildcard, a host below it.

## Why it matters
A DestinationRule for a name that no ServiceEntry declares has no effect, and no error shows it. TLS is then not
originated, connection pools have no limit, and subsets in routes do not exist: calls leave in plaintext or fail with
503. The usual cause is a typing error. `istioctl analyze` reports it as IST0174.

## How to fix
Correct the host of the DestinationRule, or delete the DestinationRule.
",
    run: Run::Mesh(run),
};

/// The most rules to suggest a host for: each suggestion compares all hosts.
const GUESSES: usize = 20;

fn run(view: &View<'_>) -> CheckOutcome {
    if let Err(why) = view.sees(None) {
        return CheckOutcome::Unreadable(why);
    }
    let inside = format!(".{}", view.mesh().cluster_domain);
    let mut rules = view
        .destination_rules()
        .filter_map(|rule| Some((rule, rule.destination_rule()?.host.as_str())))
        .filter(|(_, host)| is_outside(host, &inside))
        .peekable();
    if rules.peek().is_none() {
        return CheckOutcome::NotApplicable;
    }
    let declared = declared(view);
    let unknown = rules.filter(|(_, host)| !knows(&declared, host));
    let findings = unknown.enumerate().map(|(number, (rule, host))| {
        let near = (number < GUESSES).then(|| did_you_mean(host, declared.iter().copied())).flatten();
        finding(view, rule, host, near)
    });
    CheckOutcome::of(1, findings.collect())
}

/// A short name means a Service beside the rule; `local` is the domain of Services, also of those of other clusters.
fn is_outside(host: &str, inside: &str) -> bool {
    let bare = host.trim_start_matches("*.");
    let labels: Vec<&str> = bare.split('.').collect();
    let of_services = labels.contains(&"svc") || labels.last().is_some_and(|last| *last == "local");
    labels.len() > 1 && !host.ends_with(inside) && !of_services
}

fn declared<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    view.note(Input::ServiceEntries);
    let entries = view.index().of_kind(Kind::ServiceEntry).iter().copied();
    entries.filter_map(Resource::service_entry).flat_map(|spec| &spec.hosts).map(String::as_str).collect()
}

fn knows(declared: &BTreeSet<&str>, host: &str) -> bool {
    declared.contains(host)
        || (host.starts_with('*') && declared.iter().any(|known| host_matches(host, known)))
        || declared.iter().filter(|known| known.starts_with('*')).any(|known| host_matches(known, host))
}

fn finding(view: &View<'_>, rule: &Resource, host: &str, near: Option<&str>) -> Finding {
    let routed = view.virtual_services(host).into_iter().next();
    let why = "sets the host that was most likely meant";
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if near.is_some() || routed.is_some() { Level::Error } else { Level::Warning },
        message: format!("a DestinationRule names {host}, which no ServiceEntry declares"),
        object: Place::of(&rule.id).field("spec.host", host),
        evidence: near.iter().map(|near| format!("{near} is declared")).collect(),
        consequence: match near {
            Some(near) => {
                format!("calls to {near} do not use the rule: no TLS origination, no subsets, no limits")
            }
            None => "the rule has no effect".to_owned(),
        },
        fix: match near {
            Some(near) => fixes::merge(&rule.id, &json!({ "host": near }), why),
            None => fixes::delete(rule, "removes the unused rule"),
        },
    }
}

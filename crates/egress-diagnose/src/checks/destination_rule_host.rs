//! EG006: DestinationRules are for hosts that exist.

use std::collections::BTreeSet;

use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::host_matches;
use serde_json::json;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::view::View;
use crate::words::nearest;

pub(super) const CHECK: Check = Check {
    code: Code(6),
    name: "DestinationRules for hosts outside are for hosts that an entry declares",
    level: Level::Error,
    hop: Hop::Mesh,
    inputs: &[Input::DestinationRules, Input::ServiceEntries, Input::VirtualServices, Input::Mesh],
    docs: "\
## What it checks
Every DestinationRule whose host lies outside the cluster's own domain: some ServiceEntry declares that host, or one below
it where the rule is for a wildcard.

## Why it matters
A rule for a name that nobody declares does nothing, and nothing tells. TLS to the host is then not originated, a pool has
no limit, a subset that routes name does not exist: calls are sent in plain text or fail with 503. Mostly it is a mistyped
name. `istioctl analyze` has IST0174 for it.

## How to fix
Correct the host of the rule, or delete the rule.
",
    run: Run::Mesh(run),
};

/// For how many rules it is guessed what was meant: a guess reads all hosts.
const GUESSES: usize = 20;

fn run(view: &View<'_>) -> Outcome {
    if let Err(why) = view.sees(None) {
        return Outcome::Unreadable(why);
    }
    let inside = format!(".{}", view.mesh().cluster_domain);
    let mut rules = view
        .destination_rules()
        .filter_map(|rule| Some((rule, rule.destination_rule()?.host.as_str())))
        .filter(|(_, host)| is_outside(host, &inside))
        .peekable();
    if rules.peek().is_none() {
        return Outcome::NotApplicable;
    }
    let declared = declared(view);
    let unknown = rules.filter(|(_, host)| !knows(&declared, host));
    let findings = unknown.enumerate().map(|(number, (rule, host))| {
        let near = (number < GUESSES).then(|| nearest(host, declared.iter().copied())).flatten();
        finding(view, rule, host, near)
    });
    Outcome::of(findings.collect())
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
    let why = "gives the rule the host that it was most likely meant for";
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if near.is_some() || routed.is_some() { Level::Error } else { Level::Warning },
        message: format!("a DestinationRule is for {host}, which no ServiceEntry declares"),
        object: Place::of(&rule.id).field("spec.host", host),
        evidence: near.iter().map(|near| format!("{near} is declared")).collect(),
        consequence: match near {
            Some(near) => format!(
                "calls to {near} go without the rule: no TLS is originated, no subset exists, no limit holds"
            ),
            None => "the rule does nothing".to_owned(),
        },
        fix: match near {
            Some(near) => fixes::merge(&rule.id, &json!({ "host": near }), why),
            None => fixes::delete(rule, "removes a rule that nothing uses"),
        },
    }
}

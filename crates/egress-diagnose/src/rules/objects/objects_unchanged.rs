//! EG035: no object of the egress was changed.

use egress_core::input::Input;
use egress_core::inventory::{ChangedObject, State};
use egress_core::resource::Resource;
use egress_core::visibility::service_entry;

use super::name_kept::is_for_another;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::{EgressPath, declared_ports};
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::objects::drift::{FieldDifference, differences};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(35),
    name: "no object of the egress was changed",
    level: Level::Warning,
    segment: PathSegment::Objects,
    inputs: &[Input::ServiceEntries, Input::VirtualServices],
    beside_the_walk: "It compares with the record of what was asked for. Calls may still pass after an edit.",
    docs: "\
## What it checks
The spec of each object, against the recorded egress.

## Why it matters
Traffic may still use the gateway, but the objects are no longer the ones that were requested and reviewed. The next
`add` restores them.

## How to fix
Run the same `add` again to restore them, or `add` the new settings.
",
    run: Run::Path(run),
};

/// Fields shown beside the first: a rewritten object has many.
const SHOWN: usize = 4;

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let changes = match &path.state {
        Some(State::Changed { changes }) => changes,
        Some(State::Ready) => return CheckOutcome::Good(None),
        // EG034 reports an incomplete egress; only a complete one is compared.
        Some(State::Incomplete { .. } | State::Taken { .. } | State::Foreign) | None => {
            return CheckOutcome::NotApplicable;
        }
    };
    // EG039 reports an object that was overwritten for another host.
    let overwritten = |change: &&ChangedObject| {
        view.find(&change.object).is_some_and(|live| is_for_another(live, &path.host))
    };
    // If EG039 reports all changes, this check does not pass, either: the egress was changed.
    CheckOutcome::of(
        0,
        changes.iter().filter(|it| !overwritten(it)).map(|it| finding(view, path, it)).collect(),
    )
}

fn finding(view: &View<'_>, path: &EgressPath<'_>, change: &ChangedObject) -> Finding {
    let objects = path.egress.and_then(|egress| view.asked_for(egress, &change.object));
    let consequence = consequence(path, objects.as_ref().map(|(_, live)| *live));
    let mut different =
        objects.map(|(wanted, live)| differences(&wanted, live)).unwrap_or_default().into_iter();
    let record = path.egress.and_then(|egress| egress.record.as_ref()?.as_ref().err());
    let place = Place::of(&change.object);
    let (object, mut evidence) = match different.next() {
        Some(first) => {
            let found = first.found.clone().unwrap_or_else(|| "missing".to_owned());
            (place.field(first.field.as_str(), found), vec![asked(&first)])
        }
        None => (place, record.map(ToString::to_string).into_iter().collect()),
    };
    evidence.extend(different.take(SHOWN).map(|other| format!("{}: {}", other.field, asked(&other))));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: match change.managers.as_slice() {
            [] => "the object differs from the recorded egress".to_owned(),
            managers => format!("the object was changed by {}", list(managers)),
        },
        object,
        evidence,
        consequence,
        fix: fixes::add(path, "restores the recorded objects"),
    }
}

/// Ports that were added to the callers' entry by hand have no route.
fn consequence(path: &EgressPath<'_>, live: Option<&Resource>) -> String {
    let entry = live.filter(|live| service_entry::is_exact(live, &path.host));
    let ports = entry.map(declared_ports).unwrap_or_default();
    let direct: Vec<String> = ports.difference(&path.ports).map(|port| port.number.to_string()).collect();
    if direct.is_empty() {
        return "the egress differs from its record".to_owned();
    }
    let (callers, ports) = (list(&path.callers), list(&direct));
    format!("calls from {callers} to {} on port {ports} leave directly from the caller's node", path.host)
}

fn asked(difference: &FieldDifference) -> String {
    match &difference.wanted {
        Some(wanted) => format!("recorded: `{wanted}`"),
        None => "recorded: no such field".to_owned(),
    }
}

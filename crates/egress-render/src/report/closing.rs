//! The end of a diagnosis: what was accepted, what was not checked and why, counts, time.
//!
//! Knows nothing of what is wrong.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use egress_core::snapshot::Unreadable;
use egress_diagnose::check::{Code, Level};
use egress_diagnose::report::{Cause, NOT_GIVEN, NotChecked, Reason, Report, Summary};

use super::guard;
use super::page::{Mark, Page, counted, grouped, joined};

/// Lines of one kind that are told.
const MOST: usize = 10;

/// Writes the end. What a walk has told of its own is not told again.
pub(super) fn write(page: &mut Page<'_>, report: &Report, walk_was_told: bool, elapsed: Option<Duration>) {
    accepted(page, report);
    for invalid in &report.invalid_acceptances {
        let warning = Mark::Wrong(Level::Warning);
        page.marked(warning, &format!("nothing is accepted by {}: {}", invalid.object, invalid.problem));
    }
    page.gap();
    if !walk_was_told {
        reasons(page, report);
    }
    not_given(page, report);
    if !report.skipped.is_empty() {
        page.marked(Mark::Unknown, &format!("{}: not checked, because skipped", joined(&report.skipped)));
    }
    unreadable(page, &report.unreadable);
    page.gap();
    guard::write(page, report.guard);
    counts(page, &report.summary, elapsed);
}

/// One line for each reason, with what it is the reason of.
pub(super) fn unreadable(page: &mut Page<'_>, all: &[Unreadable]) {
    let mut by_reason: Vec<(Cow<'_, str>, Vec<&str>)> = Vec::new();
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for Unreadable { what, why } in all {
        let why = refusal(why).map_or(Cow::Borrowed(why.as_str()), Cow::Owned);
        let place = *places.entry(why.clone()).or_insert_with(|| {
            by_reason.push((why, Vec::new()));
            by_reason.len() - 1
        });
        if let Some((_, things)) = by_reason.get_mut(place) {
            things.push(what);
        }
    }
    for (why, things) in by_reason.iter().take(MOST) {
        let mut told = things.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        if things.len() > MOST {
            told = format!("{told} and {} more", grouped(things.len() - MOST));
        }
        page.wrapped("", &format!("not read: {told}: {why}"));
    }
    more(page, by_reason.len(), "reason");
}

fn accepted(page: &mut Page<'_>, report: &Report) {
    let accepted: Vec<&Cause> = report.findings.iter().filter(|cause| cause.is_accepted()).collect();
    for cause in accepted.iter().take(MOST) {
        let Some(acceptance) = &cause.accepted else { continue };
        let until = acceptance.until.map(|day| format!(" until {day}")).unwrap_or_default();
        let text = format!("{} {}: accepted{until}: {}", cause.code, cause.message, acceptance.reason);
        page.marked(Mark::Accepted, &text);
    }
    more(page, accepted.len(), "accepted finding");
}

fn reasons(page: &mut Page<'_>, report: &Report) {
    let told = |silence: &&NotChecked| !matches!(silence.reason, Reason::NotGiven | Reason::Blocked);
    let all: Vec<&NotChecked> = report.not_checked.iter().filter(told).collect();
    for silence in all.iter().take(MOST) {
        let of = match silence.hosts.len() {
            0 => String::new(),
            hosts => format!(" of {}", counted(hosts, "host")),
        };
        let codes = joined(&silence.codes);
        page.marked(Mark::Unknown, &format!("{codes}{of}: not checked, because {}", silence.because));
    }
    more(page, all.len(), "reason");
}

/// What was not given is one line, however much it is: files need not hold everything.
fn not_given(page: &mut Page<'_>, report: &Report) {
    let missing = report.not_checked.iter().filter(|silence| silence.reason == Reason::NotGiven);
    let (mut codes, mut inputs): (Vec<Code>, Vec<&str>) = (Vec::new(), Vec::new());
    for silence in missing {
        codes.extend(&silence.codes);
        inputs.push(silence.because.strip_prefix(NOT_GIVEN).unwrap_or(&silence.because));
    }
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        let text = format!("{}: not checked, because not given: {}", joined(&codes), inputs.join(", "));
        page.marked(Mark::Unknown, &text);
    }
}

/// What the API server says where a user has no right, without the kind, so that many kinds have one reason:
/// `nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope`.
fn refusal(why: &str) -> Option<String> {
    let (_, said) = why.split_once(" is forbidden: ")?;
    let (who, rest) = said.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource ")?;
    // With more behind it, such as a role that does not exist, it is told whole.
    let is_all = rest.ends_with("at the cluster scope") || (rest.ends_with('"') && !rest.contains(": "));
    is_all.then(|| format!("{who} cannot {verb} them"))
}

fn more(page: &mut Page<'_>, count: usize, what: &str) {
    if count > MOST {
        page.wrapped(
            "  ",
            &format!("and {}: `-o json` has all", counted(count - MOST, &format!("more {what}"))),
        );
    }
}

pub(super) fn counts(page: &mut Page<'_>, summary: &Summary, elapsed: Option<Duration>) {
    let Summary { hosts, errors, warnings, infos, accepted, passed, not_checked, .. } = *summary;
    let mut counts = vec![
        counted(hosts, "host"),
        format!("{} passed", grouped(passed)),
        counted(errors, "error"),
        counted(warnings, "warning"),
    ];
    for (count, words) in [(infos, "to know"), (accepted, "accepted"), (not_checked, "not checked")] {
        if count > 0 {
            counts.push(format!("{} {words}", grouped(count)));
        }
    }
    if let Some(elapsed) = elapsed {
        counts.push(format!("{:.1} s", elapsed.as_secs_f64()));
    }
    let mark = match (errors, warnings, not_checked) {
        (0, 0, 0) => Mark::Good,
        (0, 0, _) => Mark::Unknown,
        (0, _, _) => Mark::Wrong(Level::Warning),
        _ => Mark::Wrong(Level::Error),
    };
    page.marked(mark, &counts.join(", "));
}

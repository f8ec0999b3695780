//! The end of a diagnosis: accepted findings, what was not checked and why, counts, time.
//!
//! Does not print findings.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use egress_core::missing_permission::MissingPermission;
use egress_core::unreadable::Unreadable;
use egress_diagnose::finding::Cause;
use egress_diagnose::finding::Level;
use egress_diagnose::report::{Report, Summary};

use super::layout::ReportLayout;
use super::page::{Mark, Page, counted, grouped, joined};
use super::remedy;
use super::subject::SubjectNames;
use super::{guard, unchecked};

/// The lines of a screen.
const SCREEN: usize = 60;
/// Lines after the reasons: a gap, the guard, the counts, how to see more.
const END: usize = 4;
/// The most lines of one kind.
const MOST: usize = 10;

/// Writes the end. Reasons that were printed beside each check are not repeated.
pub(super) fn write(page: &mut Page<'_>, report: &Report, layout: &ReportLayout<'_>) {
    accepted(page, report);
    for invalid in &report.invalid_acceptances {
        let warning = Mark::Wrong(Level::Warning);
        page.marked(warning, &format!("nothing is accepted by {}: {}", invalid.object, invalid.problem));
    }
    page.gap();
    unchecked::hosts(page, report);
    // All findings are printed. Without findings, the report fits on one screen.
    let is_calm = report.open().next().is_none() && report.unreadable.is_empty();
    let room =
        if is_calm && !layout.every_check { SCREEN.saturating_sub(page.lines() + END) } else { usize::MAX };
    unchecked::reasons(page, report, layout.every_check, room.max(1));
    if !report.skipped.is_empty() {
        page.marked(Mark::Unknown, &format!("{}: not checked, because skipped", joined(&report.skipped)));
    }
    unreadable(page, &report.unreadable);
    page.gap();
    guard::write(page, report.guard);
    counts(page, report, layout.elapsed);
    let is_folded = !layout.every_check && report.sections.iter().any(|section| !section.checks.is_empty());
    if is_folded {
        page.wrapped("", "each check: -v 1");
    }
}

/// One line for each reason, with everything that could not be read because of it.
pub(super) fn unreadable(page: &mut Page<'_>, all: &[Unreadable]) {
    let mut by_reason: Vec<(Cow<'_, str>, Vec<&str>)> = Vec::new();
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for Unreadable { what, why, .. } in all {
        let missing = MissingPermission::parse(why).map(|missing| remedy::of_all_kinds(&missing));
        let why = missing.map_or(Cow::Borrowed(why.as_str()), Cow::Owned);
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

fn more(page: &mut Page<'_>, count: usize, what: &str) {
    if count > MOST {
        page.wrapped(
            "  ",
            &format!("and {}: `-o json` has all", counted(count - MOST, &format!("more {what}"))),
        );
    }
}

pub(super) fn counts(page: &mut Page<'_>, report: &Report, elapsed: Option<Duration>) {
    let Summary { hosts, errors, warnings, infos, accepted, passed, not_checked, .. } = report.summary;
    let names = SubjectNames::of(report);
    // A requested host that no check follows has a section of its own.
    let not_walked = report.sections.iter().filter(|section| names.is_not_walked(&section.subject)).count();
    let mut counts = vec![counted(hosts.saturating_sub(not_walked), "host")];
    if !report.not_walked.is_empty() {
        counts.push(format!("{} not checked", counted(report.not_walked.len(), "host")));
    }
    counts.extend([
        format!("{} passed", counted(passed, "check")),
        counted(errors, "error"),
        counted(warnings, "warning"),
    ]);
    for (count, words) in [(infos, "to know"), (accepted, "accepted"), (not_checked, "not made")] {
        if count > 0 {
            counts.push(format!("{} {words}", grouped(count)));
        }
    }
    if let Some(elapsed) = elapsed {
        counts.push(format!("{:.1} s", elapsed.as_secs_f64()));
    }
    let mark = match (errors, warnings, not_checked + report.not_walked.len()) {
        (0, 0, 0) => Mark::Good,
        (0, 0, _) => Mark::Unknown,
        (0, _, _) => Mark::Wrong(Level::Warning),
        _ => Mark::Wrong(Level::Error),
    };
    page.marked(mark, &counts.join(", "));
}

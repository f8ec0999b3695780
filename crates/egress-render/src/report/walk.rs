//! Every check: a section for each subject, a line for each check.
//!
//! Findings are printed before, and facts that were not given after.

use std::collections::BTreeSet;

use egress_diagnose::finding::{Code, Level};
use egress_diagnose::report::{CheckVerdict, Line, Reason, Report, Section};

use super::page::{Mark, Page, counted, joined};
use super::subject::SubjectNames;

/// Writes every section.
pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let names = SubjectNames::of(report);
    for section in report.sections.iter().filter(|section| !section.checks.is_empty()) {
        write_section(page, report, &names, section);
    }
}

fn write_section(page: &mut Page<'_>, report: &Report, names: &SubjectNames<'_>, section: &Section) {
    let is_shown = |line: &&Line| {
        !matches!(line.verdict, CheckVerdict::NotChecked { reason: Reason::NotGiven | Reason::Blocked, .. })
    };
    let blocked = reasons(section, Reason::Blocked);
    let lines: Vec<&Line> = section.checks.iter().filter(is_shown).collect();
    if lines.is_empty() && blocked.is_empty() {
        return;
    }
    page.title(&names.words(&section.subject).swap_remove(0));
    let mut told = BTreeSet::new();
    for line in &lines {
        match &line.verdict {
            CheckVerdict::Passed { seen } => {
                let seen = seen.as_ref().map(|seen| format!(": {seen}")).unwrap_or_default();
                page.marked(Mark::Good, &format!("{} {}{seen}", line.code, line.name));
            }
            CheckVerdict::Failed { findings } => failed(page, report, line, findings),
            // One reason is printed once, for all its checks.
            CheckVerdict::NotChecked { because, .. } if told.insert(because) => {
                let of_reason = lines.iter().filter(|other| is_not_checked_because(other, because));
                let codes: Vec<Code> = of_reason.map(|other| other.code).collect();
                not_checked(page, line.name, &codes, because);
            }
            CheckVerdict::NotChecked { .. } => {}
        }
    }
    if let Some(because) = blocked.first() {
        let checks = counted(blocked.len(), "check");
        page.marked(Mark::Unknown, &format!("{checks} not made, because {because}"));
    }
    page.gap();
}

fn failed(page: &mut Page<'_>, report: &Report, line: &Line, findings: &[usize]) {
    let causes: Vec<_> = findings.iter().filter_map(|index| report.findings.get(*index)).collect();
    let worst = causes.iter().filter(|cause| !cause.is_accepted()).map(|cause| cause.level).max();
    let (mark, where_told) = match worst {
        Some(level) => (Mark::Wrong(level), "see above"),
        None if causes.is_empty() => (Mark::Wrong(Level::Error), "see above"),
        None => (Mark::Accepted, "not so, and accepted"),
    };
    page.marked(mark, &format!("{} {}: {where_told}", line.code, line.name));
}

fn not_checked(page: &mut Page<'_>, name: &str, codes: &[Code], because: &str) {
    let what = match codes {
        [code] => format!("{code} {name}"),
        codes => joined(codes),
    };
    page.marked(Mark::Unknown, &format!("{what}: not checked, because {because}"));
}

fn reasons(section: &Section, wanted: Reason) -> Vec<&str> {
    let lines = section.checks.iter().filter_map(|line| match &line.verdict {
        CheckVerdict::NotChecked { reason, because } if *reason == wanted => Some(because.as_str()),
        _ => None,
    });
    lines.collect()
}

fn is_not_checked_because(line: &Line, reason: &str) -> bool {
    matches!(&line.verdict, CheckVerdict::NotChecked { because, .. } if because == reason)
}

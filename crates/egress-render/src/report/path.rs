//! The path of a single host, one line for each segment.
//!
//! Findings are printed before. `-v 1` prints each check of a segment instead.

use std::collections::BTreeMap;

use egress_diagnose::finding::Code;
use egress_diagnose::report::{CheckVerdict, Line, Reason, Report, Section, Subject};
use egress_diagnose::rules::CHECKS;
use egress_diagnose::rules::check::PathSegment;

use super::overview;
use super::page::{Mark, Page, joined};
use super::subject::{SubjectNames, checks, mark};

/// The results of the checks of one segment.
#[derive(Default)]
struct SegmentResults<'a> {
    passed: usize,
    not_checked: usize,
    unread: bool,
    failed: Vec<&'a Line>,
    /// The fault before this segment.
    blocked: Option<&'a str>,
}

/// The host, if there is only one.
pub(super) fn only_host(report: &Report) -> Option<&Section> {
    let mut hosts = report.sections.iter().filter(|section| matches!(section.subject, Subject::Host { .. }));
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if !host.checks.is_empty() => Some(host),
        _ => None,
    }
}

/// Writes the path.
pub(super) fn write(page: &mut Page<'_>, report: &Report, host: &Section) {
    let names = SubjectNames::of(report);
    page.title(&names.words(&host.subject).swap_remove(0));
    overview::write_places(page, report, &names);
    let mut hops: BTreeMap<PathSegment, SegmentResults<'_>> = BTreeMap::new();
    for line in &host.checks {
        let Some(check) = CHECKS.iter().find(|check| check.code == line.code) else { continue };
        hops.entry(check.segment).or_default().add(line);
    }
    let is_not_walked = names.is_not_walked(&host.subject);
    for (hop, mut results) in hops {
        results.unread |= is_not_walked;
        let (mark, result) = results.result(report);
        page.marked(mark, &format!("{}: {result}", words(hop)));
    }
    page.gap();
}

impl<'a> SegmentResults<'a> {
    fn add(&mut self, line: &'a Line) {
        match &line.verdict {
            CheckVerdict::Passed { .. } => self.passed += 1,
            CheckVerdict::Failed { .. } => self.failed.push(line),
            CheckVerdict::NotChecked { reason, because } => {
                self.not_checked += 1;
                self.unread |= *reason == Reason::Unreadable;
                if *reason == Reason::Blocked {
                    self.blocked.get_or_insert(because);
                }
            }
        }
    }

    fn result(&self, report: &Report) -> (Mark, String) {
        let codes: Vec<Code> = self.failed.iter().map(|line| line.code).collect();
        let causes = self.failed.iter().flat_map(|line| match &line.verdict {
            CheckVerdict::Failed { findings } => findings.as_slice(),
            CheckVerdict::Passed { .. } | CheckVerdict::NotChecked { .. } => &[],
        });
        let causes = causes.filter_map(|index| report.findings.get(*index));
        match causes.filter(|cause| !cause.is_accepted()).map(|cause| cause.level).max() {
            Some(level) => return (Mark::Wrong(level), format!("{}, see above", joined(&codes))),
            None if !codes.is_empty() => return (Mark::Accepted, format!("{}, accepted", joined(&codes))),
            None => {}
        }
        match self.blocked {
            Some(because) if self.passed == 0 => (Mark::Unknown, format!("not checked, because {because}")),
            _ => {
                let mark = mark(self.passed, self.not_checked, self.unread);
                (mark, checks(self.passed, self.not_checked))
            }
        }
    }
}

fn words(hop: PathSegment) -> &'static str {
    match hop {
        PathSegment::Mesh => "the mesh, for this host",
        PathSegment::Gateway => "the gateway, for this host",
        PathSegment::Objects => "objects of the host",
        PathSegment::ToGateway => "caller to gateway",
        PathSegment::ClientProxies => "Envoys of the callers",
        PathSegment::FromGateway => "gateway to host",
        PathSegment::WholePath => "the whole path",
        PathSegment::GatewayProxies => "Envoys of the gateway",
        PathSegment::Upstream => "connection to the host",
    }
}

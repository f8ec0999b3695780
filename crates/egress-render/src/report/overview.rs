//! One line for the mesh, for each gateway and for each host.
//!
//! Findings are printed before. More hosts than fit on a screen are in `many_hosts`.

use egress_diagnose::report::{Report, Section, Subject};

use super::many_hosts;
use super::page::{Mark, Page, counted};
use super::subject::{SubjectNames, told};

/// Gateways without findings that have a line of their own.
const GATEWAYS: usize = 5;
/// Hosts that have a line of their own: more do not fit on a screen.
const HOSTS: usize = 50;

/// Writes the lines.
pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let names = SubjectNames::of(report);
    let places = write_places(page, report, &names);
    let is_shown = |section: &&Section| is_host(section) && !is_empty(section);
    let mut hosts: Vec<&Section> = report.sections.iter().filter(is_shown).collect();
    // The worst first; the rest keep the order of the report.
    hosts.sort_by_key(|host| std::cmp::Reverse(host.worst));
    // One mesh and one gateway leave room for that many.
    if hosts.len() + places > HOSTS + 2 {
        many_hosts::write(page, &names, &hosts);
    } else {
        for host in hosts {
            write_one(page, report, &names, host);
        }
    }
    page.gap();
}

/// The lines of the mesh and the gateways, and how many they are.
pub(super) fn write_places(page: &mut Page<'_>, report: &Report, names: &SubjectNames<'_>) -> usize {
    let places = report.sections.iter().filter(|section| !is_host(section) && !is_empty(section));
    let (calm, others): (Vec<&Section>, Vec<&Section>) = places.partition(|place| place.worst.is_none());
    let (shown, counted_only) = calm.split_at(calm.len().min(GATEWAYS + 1));
    for place in others.iter().chain(shown) {
        write_one(page, report, names, place);
    }
    if !counted_only.is_empty() {
        let more = counted(counted_only.len(), "more gateway");
        page.marked(Mark::Good, &format!("{more}: nothing wrong"));
    }
    others.len() + shown.len() + usize::from(!counted_only.is_empty())
}

fn write_one(page: &mut Page<'_>, report: &Report, names: &SubjectNames<'_>, section: &Section) {
    let (mark, result) = told(names, report, section);
    let words = names.words(&section.subject);
    page.fitted(mark, &words.iter().map(|words| format!("{words}: {result}")).collect::<Vec<_>>());
}

fn is_host(section: &Section) -> bool {
    matches!(section.subject, Subject::Host { .. })
}

/// Whether no check applied to it.
fn is_empty(section: &Section) -> bool {
    section.passed == 0 && section.not_checked == 0 && section.findings.is_empty() && section.worst.is_none()
}

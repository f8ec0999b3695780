//! How many hosts are, without a line for each: the mesh and the gateways by name, hosts by kind.
//!
//! What is wrong is told before.

use egress_diagnose::check::Level;
use egress_diagnose::report::{Report, Section, Subject};

use super::page::{Mark, Page, counted};
use super::walk::title;

/// Gateways that are named.
const GATEWAYS: usize = 5;

/// Writes the lines.
pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let is_host = |section: &&Section| matches!(section.subject, Subject::Host { .. });
    let (hosts, places): (Vec<&Section>, Vec<&Section>) = report.sections.iter().partition(is_host);
    let (fine, others): (Vec<&Section>, Vec<&Section>) =
        places.into_iter().partition(|place| place.worst.is_none() && place.not_checked == 0);
    let (shown, counted_only) = fine.split_at(fine.len().min(GATEWAYS));
    for place in others {
        let (mark, words) = words(place);
        page.marked(mark, &format!("{}: {words}", title(&place.subject)));
    }
    for place in shown {
        page.marked(Mark::Good, &format!("{}: nothing wrong", title(&place.subject)));
    }
    if !counted_only.is_empty() {
        let more = counted(counted_only.len(), "more gateway");
        page.marked(Mark::Good, &format!("{more}: nothing wrong"));
    }
    for level in [Level::Error, Level::Warning, Level::Info] {
        let count = hosts.iter().filter(|host| host.worst == Some(level)).count();
        let words = match level {
            Level::Error => "broken, see above",
            Level::Warning => "work, with warnings, see above",
            Level::Info => "work, with something to know, see above",
        };
        kind(page, Mark::Wrong(level), count, words);
    }
    let calm = || hosts.iter().filter(|host| host.worst.is_none());
    let unknown = calm().filter(|host| host.not_checked > 0).count();
    kind(page, Mark::Unknown, unknown, "nothing wrong in what could be checked");
    kind(page, Mark::Good, calm().count() - unknown, "nothing wrong");
    page.gap();
}

fn words(place: &Section) -> (Mark, &'static str) {
    match place.worst {
        Some(level) => (Mark::Wrong(level), "see above"),
        None => (Mark::Unknown, "nothing wrong in what could be checked"),
    }
}

fn kind(page: &mut Page<'_>, mark: Mark, count: usize, words: &str) {
    if count > 0 {
        page.marked(mark, &format!("{}: {words}", counted(count, "host")));
    }
}

//! Findings: each cause once, with the object, the evidence, the effect on traffic, the fix and the hosts it breaks.
//!
//! Knows how many of one kind are printed. The report decides the order.

use std::collections::BTreeMap;

use egress_diagnose::finding::Confidence;
use egress_diagnose::finding::{Cause, CauseScope, HostName};
use egress_diagnose::finding::{Code, Level};
use egress_diagnose::report::{Change, Report};

use super::page::{Mark, Page, counted, grouped, joined};
use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Causes of one check that are printed in full.
const OF_ONE_CHECK: usize = 10;
/// Hosts that are named; the others are counted.
const NAMED: usize = 3;

/// Writes every cause that is not accepted.
pub(super) fn write(page: &mut Page<'_>, report: &Report, all: bool) {
    let mut told: BTreeMap<Code, usize> = BTreeMap::new();
    for cause in report.open() {
        let told = told.entry(cause.code).or_default();
        *told += 1;
        if all || *told <= OF_ONE_CHECK {
            write_one(page, report, cause);
            page.gap();
        }
    }
    let more = told.into_iter().filter(|(_, told)| !all && *told > OF_ONE_CHECK);
    let more: Vec<String> =
        more.map(|(code, told)| format!("{} more of {code}", grouped(told - OF_ONE_CHECK))).collect();
    if !more.is_empty() {
        page.wrapped("", &format!("and {}: -v 1 shows all", more.join(", ")));
        page.gap();
    }
}

/// A change on one line, however long, so that programs can read it line by line.
pub fn change(change: &Change, palette: &Palette) -> String {
    let (style, mark, cause, what) = match change {
        Change::Gone(cause) => (palette.good, "√", cause, "gone: "),
        Change::Appeared(cause) => match cause.level {
            Level::Error => (palette.bad, "×", cause, ""),
            Level::Warning => (palette.warning, "‼", cause, ""),
            Level::Info => (palette.faint, "i", cause, ""),
        },
    };
    let text = format!("{} {what}{} ({})", cause.code, cause.message, cause.object.object());
    format!("{} {}", paint(style, mark), escape(&text))
}

fn write_one(page: &mut Page<'_>, report: &Report, cause: &Cause) {
    page.marked(Mark::Wrong(cause.level), &format!("{} {}", cause.code, cause.message));
    page.wrapped("    ", &cause.object.to_string());
    for fact in &cause.evidence {
        page.wrapped("    ", fact);
    }
    if cause.confidence == Confidence::Inferred {
        page.wrapped("    ", "this is the likeliest reason of what was read, not the only possible one");
    }
    page.wrapped("    ", &format!("so: {}", cause.consequence));
    page.verbatim("    ", &format!("fix: {}", cause.fix.command));
    page.wrapped("         ", &format!("({})", cause.fix.why));
    if let Some(hosts) = affected(cause, report.summary.hosts) {
        let word = if cause.level == Level::Error { "breaks" } else { "concerns" };
        page.wrapped("    ", &format!("{word}: {hosts}"));
    }
    if !cause.not_checked.is_empty() {
        page.wrapped("    ", &format!("not checked because of it: {}", joined(&cause.not_checked)));
    }
    if let Some(acceptance) = &cause.accepted {
        let until = acceptance.until.map(|day| format!(" until {day}")).unwrap_or_default();
        page.wrapped("    ", &format!("it was accepted{until}: {}", acceptance.reason));
    }
}

/// The hosts that a cause breaks, as a number and the first few; nothing where the message names the host.
fn affected(cause: &Cause, all: usize) -> Option<String> {
    let said = match (cause.scope, cause.affects.as_slice()) {
        (_, []) => true,
        (CauseScope::Host, [one]) => cause.message.contains(&one.host),
        (CauseScope::Mesh | CauseScope::Gateway | CauseScope::Host, _) => false,
    };
    if said {
        return None;
    }
    let named: Vec<String> = cause.affects.iter().take(NAMED).map(|host| name(host)).collect();
    let (named, hosts) = (named.join(", "), cause.affects.len());
    Some(match hosts {
        few if few <= NAMED => named,
        _ if hosts == all => {
            format!("all {}: {named} and {} more", counted(hosts, "host"), grouped(hosts - NAMED))
        }
        _ => format!("{}: {named} and {} more", counted(hosts, "host"), grouped(hosts - NAMED)),
    })
}

fn name(host: &HostName) -> String {
    let namespace = host.namespace.as_ref().map(|namespace| format!(" ({namespace})"));
    format!("{}{}", host.host, namespace.unwrap_or_default())
}

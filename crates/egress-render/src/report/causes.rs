//! What is wrong: each cause once, with where, what was read, what it does, what repairs it, and what it breaks.
//!
//! Knows how many of a kind a person reads. The order is the report's.

use std::collections::BTreeMap;

use egress_diagnose::check::{Code, Level};
use egress_diagnose::finding::Confidence;
use egress_diagnose::report::{Cause, Change, HostName, Report, Scope};

use super::page::{Mark, Page, counted, grouped, joined};
use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Causes of one check that are told in full.
const OF_ONE_CHECK: usize = 10;
/// Hosts that are named.
const NAMED: usize = 3;

/// Writes every cause that nobody accepted.
pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let mut told: BTreeMap<Code, usize> = BTreeMap::new();
    for cause in report.open() {
        let told = told.entry(cause.code).or_default();
        *told += 1;
        if *told <= OF_ONE_CHECK {
            write_one(page, cause);
            page.gap();
        }
    }
    let more = told.into_iter().filter(|(_, told)| *told > OF_ONE_CHECK);
    let more: Vec<String> =
        more.map(|(code, told)| format!("{} more of {code}", grouped(told - OF_ONE_CHECK))).collect();
    if !more.is_empty() {
        page.wrapped("", &format!("and {}: name a host for less, or `-o json` has all", more.join(", ")));
        page.gap();
    }
}

/// A change in one line, however long: what reads lines may read this.
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

fn write_one(page: &mut Page<'_>, cause: &Cause) {
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
    if let Some(hosts) = affected(cause) {
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

/// Which hosts, where the message does not say it.
fn affected(cause: &Cause) -> Option<String> {
    let said = match (cause.scope, cause.affects.as_slice()) {
        (_, []) => true,
        (Scope::Mesh, _) => cause.level != Level::Error,
        (Scope::Host, [one]) => cause.message.contains(&one.host),
        (Scope::Gateway | Scope::Host, _) => false,
    };
    if said {
        return None;
    }
    let named: Vec<String> = cause.affects.iter().take(NAMED).map(|host| name(host)).collect();
    let named = named.join(", ");
    Some(match cause.affects.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {}", counted(more, "other host")),
    })
}

fn name(host: &HostName) -> String {
    let namespace = host.namespace.as_ref().map(|namespace| format!(" ({namespace})"));
    format!("{}{}", host.host, namespace.unwrap_or_default())
}

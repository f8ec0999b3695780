//! Checks that were not made: each reason once for all hosts, with its remedy.
//!
//! Does not print findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_diagnose::finding::Code;
use egress_diagnose::finding::HostName;
use egress_diagnose::path::{NotWalked, Obstacle};
use egress_diagnose::report::{NotChecked, Reason, Report};

use super::page::{Mark, Page, counted, grouped, joined};
use super::remedy::{self, MissingFacts};

/// Hosts that are named; the others are counted.
const NAMED: usize = 3;

/// Reasons that differ only in the host.
#[derive(Default)]
struct ReasonGroup<'a> {
    first: Option<&'a NotChecked>,
    members: usize,
    codes: BTreeSet<Code>,
    hosts: BTreeSet<&'a HostName>,
}

/// Hosts that no check follows, by reason.
pub(super) fn hosts(page: &mut Page<'_>, report: &Report) {
    let mut by_reason: BTreeMap<(Obstacle, &BTreeSet<Input>), Vec<&NotWalked>> = BTreeMap::new();
    for host in &report.not_walked {
        by_reason.entry((host.reason, &host.missing)).or_default().push(host);
    }
    for ((obstacle, missing), all) in by_reason {
        let few: Vec<String> =
            all.iter().take(NAMED).map(|host| format!("{} ({})", host.host, host.namespace)).collect();
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {} more", grouped(more)),
        };
        let is = if all.len() == 1 { "is" } else { "are" };
        let count = counted(all.len(), "host");
        let because = match all.first() {
            Some(first) if obstacle == Obstacle::NotGiven => first.because.to_string(),
            _ => because(obstacle, all.len()),
        };
        let few = few.join(", ");
        page.marked(Mark::Unknown, &format!("{count} {is} not checked, because {because}: {few}{more}"));
        if obstacle == Obstacle::NotGiven {
            page.remedy(&remedy::of_missing(MissingFacts::Objects, missing, report.source));
        } else {
            page.remedy(remedy::of_obstacle(obstacle, report.source));
        }
    }
}

/// The reason for several hosts.
fn because(obstacle: Obstacle, hosts: usize) -> String {
    let words = obstacle.wording();
    if hosts == 1 {
        return words.to_owned();
    }
    match obstacle {
        Obstacle::Wildcard => "they are routed by wildcards".to_owned(),
        Obstacle::Name => "their names are not DNS names outside the cluster".to_owned(),
        Obstacle::Endpoints => "their ServiceEntries have the gateway as endpoint".to_owned(),
        Obstacle::GatewayApi => "Gateway API routes take them".to_owned(),
        Obstacle::Waypoint => "waypoints take them".to_owned(),
        Obstacle::MissingService => "their routes lead to a Service that does not exist".to_owned(),
        Obstacle::Undiscovered => "no control plane discovers their namespaces".to_owned(),
        Obstacle::EnvoyFilter => "EnvoyFilters may change their paths".to_owned(),
        Obstacle::NotGiven => words.to_owned(),
        Obstacle::Tcp | Obstacle::NoGateway | Obstacle::NoCaller => {
            words.replace(" it ", " them ").replace("sees it", "sees them")
        }
    }
}

/// One reason, with its remedy.
struct Block {
    text: String,
    /// The same on one line, if there is little room.
    short: String,
    remedy: Option<String>,
}

/// Every reason, in at most `room` lines; the others are counted.
pub(super) fn reasons(page: &mut Page<'_>, report: &Report, every_check: bool, room: usize) {
    // Reasons were printed beside each check.
    let mut blocks = if every_check { Vec::new() } else { reason_blocks(report) };
    blocks.extend(not_given(report, every_check));
    // Reasons with a remedy come first.
    blocks.sort_by_key(|block| block.remedy.is_none());
    let height = |page: &Page<'_>, text: &str, block: &Block| {
        page.height(text) + block.remedy.as_ref().map_or(0, |remedy| page.remedy_height(remedy))
    };
    let is_tight = blocks.iter().map(|block| height(page, &block.text, block)).sum::<usize>() > room;
    let (count, mut used) = (blocks.len(), 0);
    for (place, block) in blocks.iter().enumerate() {
        let text = if is_tight { &block.short } else { &block.text };
        used += height(page, text, block);
        let is_last = place + 1 == count;
        if used + usize::from(!is_last) > room {
            let more = counted(count - place, if place == 0 { "reason" } else { "more reason" });
            page.wrapped("  ", &format!("{more} why checks were not made: -v 1 shows them"));
            return;
        }
        page.marked(Mark::Unknown, text);
        if let Some(remedy) = &block.remedy {
            page.remedy(remedy);
        }
    }
}

/// Facts that could not be read, and evidence that does not exist yet.
fn reason_blocks(report: &Report) -> Vec<Block> {
    let mut groups: BTreeMap<(Reason, &str), ReasonGroup<'_>> = BTreeMap::new();
    for not_checked in &report.not_checked {
        if !matches!(not_checked.reason, Reason::NotGiven | Reason::Blocked) {
            let group = groups.entry((not_checked.reason, for_many(not_checked))).or_default();
            group.first.get_or_insert(not_checked);
            group.members += 1;
            group.codes.extend(&not_checked.codes);
            group.hosts.extend(not_checked.hosts.iter().map(AsRef::as_ref));
        }
    }
    let block = |((_, general), group): (&(Reason, &str), &ReasonGroup<'_>)| {
        let first = group.first?;
        let words = if group.members == 1 { first.because.as_str() } else { *general };
        let words = first.missing_permission.as_ref().map_or_else(|| words.to_owned(), remedy::in_short);
        let text = match group.hosts.len() {
            0 => {
                let codes = joined(&group.codes.iter().copied().collect::<Vec<Code>>());
                format!("{codes}: not checked, because {words}")
            }
            hosts => format!("{} not checked in full: {words}", counted(hosts, "host")),
        };
        Some(Block { short: text.clone(), text, remedy: remedy::of_not_checked(first, report.source) })
    };
    groups.iter().filter_map(block).collect()
}

/// The reason without the names of the host, its pods and its namespace.
fn for_many(not_checked: &NotChecked) -> &str {
    match &not_checked.awaited {
        Some(awaited) => awaited.for_many(),
        None => &not_checked.because,
    }
}

/// Facts that were not given: one line for those that files can contain, one for those that only a cluster has. Short,
/// since files need not contain everything: checks are counted, and named only with every check.
fn not_given(report: &Report, every_check: bool) -> Vec<Block> {
    let mut by_origin: BTreeMap<MissingFacts, (BTreeSet<Code>, BTreeSet<Input>)> = BTreeMap::new();
    for not_checked in &report.not_checked {
        if let Some(input) = not_checked.input {
            let (codes, inputs) = by_origin.entry(remedy::origin(input).0).or_default();
            codes.extend(&not_checked.codes);
            inputs.insert(input);
        }
    }
    let block = |(origin, (codes, inputs)): (MissingFacts, (BTreeSet<Code>, BTreeSet<Input>))| {
        let names: Vec<String> = inputs.iter().map(ToString::to_string).collect();
        let count = counted(codes.len(), "check");
        let checks = if every_check { joined(&codes.into_iter().collect::<Vec<_>>()) } else { count.clone() };
        let few = match names.as_slice() {
            [first, second, _, ..] => format!("{first}, {second} and {} more", names.len() - 2),
            few => few.join(", "),
        };
        let remedy = remedy::of_missing(origin, &inputs, report.source);
        Block {
            text: format!("{checks} not made, because not given: {}", names.join(", ")),
            short: format!("{count} not made, not given: {few}"),
            remedy: Some(remedy),
        }
    };
    by_origin.into_iter().map(block).collect()
}

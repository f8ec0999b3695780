//! More hosts than fit on a screen: one line for all hosts of a gateway that have the same result.
//!
//! Findings are printed before, in full.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::intent::GatewayName;
use egress_diagnose::finding::Level;
use egress_diagnose::report::{Section, Subject};

use super::page::{Mark, Page, counted, grouped};
use super::subject::SubjectNames;

/// Lines with the same mark; more gateways share one line.
const LINES: usize = 5;

/// Hosts of one gateway.
#[derive(Default)]
struct GatewayHosts<'a> {
    hosts: usize,
    namespaces: BTreeSet<&'a str>,
    /// The smallest and the largest number of passed checks of one host.
    passed: Option<(usize, usize)>,
    not_checked: usize,
}

/// Writes the lines; hosts with findings come first.
pub(super) fn write(page: &mut Page<'_>, names: &SubjectNames<'_>, hosts: &[&Section]) {
    for level in [Level::Error, Level::Warning, Level::Info] {
        let count = hosts.iter().filter(|host| host.worst == Some(level)).count();
        let words = match level {
            Level::Error => "broken, see above",
            Level::Warning => "work, with warnings, see above",
            Level::Info => "work, with something to know, see above",
        };
        if count > 0 {
            page.marked(Mark::Wrong(level), &format!("{}: {words}", counted(count, "host")));
        }
    }
    for mark in [Mark::Unknown, Mark::Good] {
        let mut groups: BTreeMap<Option<&GatewayName>, GatewayHosts<'_>> = BTreeMap::new();
        for host in hosts.iter().filter(|host| names.result(host).0 == mark) {
            let Subject::Host { gateway, callers, .. } = &host.subject else { continue };
            groups.entry(gateway.as_ref()).or_default().add(host, callers);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.hosts));
        for (gateway, group) in groups.iter().take(LINES) {
            let through = gateway.map(|name| format!(" through {}", names.gateway(name))).unwrap_or_default();
            let nodes = gateway.map(|name| names.nodes(name)).unwrap_or_default();
            let of = |place: &str| group.words(place);
            page.fitted(mark, &[of(&format!("{through}{nodes}")), of(&through), of("")]);
        }
        let rest = groups.get(LINES..).unwrap_or_default();
        let hosts: usize = rest.iter().map(|(_, group)| group.hosts).sum();
        if hosts > 0 {
            let gateways = counted(rest.len(), "more gateway");
            page.marked(mark, &format!("{} through {gateways}", counted(hosts, "host")));
        }
    }
}

impl<'a> GatewayHosts<'a> {
    fn add(&mut self, host: &Section, callers: &'a [String]) {
        self.hosts += 1;
        self.namespaces.extend(callers.iter().map(String::as_str));
        let (fewest, most) = self.passed.unwrap_or((host.passed, host.passed));
        self.passed = Some((fewest.min(host.passed), most.max(host.passed)));
        self.not_checked += host.not_checked;
    }

    fn words(&self, place: &str) -> String {
        let from = match (self.namespaces.first(), self.namespaces.len()) {
            (Some(one), 1) => format!(" from {one}"),
            (_, 0) => String::new(),
            (_, several) => format!(" from {} namespaces", grouped(several)),
        };
        let checks = match self.passed.unwrap_or_default() {
            (fewest, most) if fewest == most => counted(most, "check"),
            (fewest, most) => format!("{fewest} to {}", counted(most, "check")),
        };
        let each = if self.hosts == 1 { "" } else { " each" };
        let missing = match self.not_checked {
            0 => String::new(),
            missing => format!(", {} not made in all", grouped(missing)),
        };
        format!("{}{from}{place}: {checks}{each}{missing}", counted(self.hosts, "host"))
    }
}

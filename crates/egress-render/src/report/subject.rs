//! The mesh, a gateway or a host in words, with its result.
//!
//! Knows how to shorten names. Findings are printed before.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::intent::GatewayName;
use egress_diagnose::finding::Code;
use egress_diagnose::finding::HostName;
use egress_diagnose::report::{Reason, Report, Section, Subject};

use super::page::{Mark, counted, joined};

/// The most nodes that are named.
const NODES: usize = 3;

/// The names of gateways and hosts in one report.
pub(super) struct SubjectNames<'a> {
    nodes: BTreeMap<&'a GatewayName, &'a BTreeSet<String>>,
    gateways: BTreeSet<&'a GatewayName>,
    /// Hosts with facts that could not be read. They get no `√`, even if all other checks passed.
    unread: BTreeSet<&'a HostName>,
    /// Hosts whose path no check follows: other checks say nothing about it.
    not_walked: BTreeSet<&'a str>,
}

impl<'a> SubjectNames<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let (mut nodes, mut gateways) = (BTreeMap::new(), BTreeSet::new());
        for section in &report.sections {
            match &section.subject {
                Subject::Gateway { gateway, nodes: of_gateway } => {
                    nodes.insert(gateway, of_gateway);
                    gateways.insert(gateway);
                }
                Subject::Host { gateway, .. } => gateways.extend(gateway),
                Subject::Mesh => {}
            }
        }
        let unread = report.not_checked.iter().filter(|not_checked| not_checked.reason == Reason::Unreadable);
        let unread = unread.flat_map(|not_checked| &not_checked.hosts).map(AsRef::as_ref).collect();
        let not_walked = report.not_walked.iter().map(|host| host.host.as_str()).collect();
        SubjectNames { nodes, gateways, unread, not_walked }
    }

    /// A gateway by the name of its Service; with the namespace if two gateways share the name.
    pub(super) fn gateway(&self, name: &GatewayName) -> String {
        let same = self.gateways.iter().filter(|other| other.service == name.service).count();
        if same > 1 { name.to_string() } else { name.service.clone() }
    }

    /// ` on infra-1, infra-2`; nothing where no node is known.
    pub(super) fn nodes(&self, name: &GatewayName) -> String {
        let nodes: Vec<&str> =
            self.nodes.get(name).into_iter().copied().flatten().map(String::as_str).collect();
        match nodes.as_slice() {
            [] => String::new(),
            few if few.len() <= NODES => format!(" on {}", few.join(", ")),
            [first, rest @ ..] => format!(" on {first} and {} other nodes", rest.len()),
        }
    }

    /// The wordings of a subject, longest first.
    pub(super) fn words(&self, subject: &Subject) -> Vec<String> {
        match subject {
            Subject::Mesh => vec!["mesh".to_owned()],
            Subject::Gateway { gateway, .. } => {
                vec![format!("gateway {gateway}{}", self.nodes(gateway)), format!("gateway {gateway}")]
            }
            Subject::Host { host, callers, gateway, .. } => {
                let from = format!("{host}{}", from(callers));
                let by = elsewhere(subject);
                let Some(name) = gateway else { return vec![format!("{from}{by}"), from] };
                let through = format!("{from} through {}", self.gateway(name));
                let nodes = self.nodes(name);
                vec![format!("{through}{nodes}{by}"), format!("{through}{by}"), through, from]
            }
        }
    }

    /// The result of a section: a mark and words.
    pub(super) fn result(&self, section: &Section) -> (Mark, String) {
        if let Some(level) = section.worst {
            return (Mark::Wrong(level), "see above".to_owned());
        }
        let mark = mark(section.passed, section.not_checked, self.is_unread(&section.subject));
        (mark, checks(section.passed, section.not_checked))
    }

    /// Whether no check follows its path.
    pub(super) fn is_not_walked(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Host { host, .. } if self.not_walked.contains(host.as_str()))
    }

    /// Whether some of its facts could not be read, or no check follows its path.
    fn is_unread(&self, subject: &Subject) -> bool {
        let Subject::Host { host, namespace, .. } = subject else { return false };
        self.is_not_walked(subject)
            || self.unread.contains(&HostName { host: host.clone(), namespace: namespace.clone() })
    }
}

/// The mark without findings: not `√` if facts could not be read, or if most checks were not made.
pub(super) fn mark(passed: usize, not_checked: usize, is_unread: bool) -> Mark {
    if passed > not_checked && !is_unread { Mark::Good } else { Mark::Unknown }
}

/// The result of a section, with the codes of its own findings.
pub(super) fn told(names: &SubjectNames<'_>, report: &Report, section: &Section) -> (Mark, String) {
    let (mark, words) = names.result(section);
    let own = section.findings.iter().filter_map(|index| report.findings.get(*index));
    let codes: BTreeSet<Code> = own.filter(|cause| !cause.is_accepted()).map(|cause| cause.code).collect();
    if codes.is_empty() {
        return (mark, words);
    }
    (mark, joined(&codes.into_iter().collect::<Vec<_>>()))
}

/// `47 checks`, `45 checks, 2 not made`.
pub(super) fn checks(passed: usize, not_checked: usize) -> String {
    match (passed, not_checked) {
        (0, missing) => format!("{} not made", counted(missing, "check")),
        (passed, 0) => counted(passed, "check"),
        (passed, missing) => format!("{}, {missing} not made", counted(passed, "check")),
    }
}

/// ` from shop`, ` from shop and 3 others`.
fn from(callers: &[String]) -> String {
    match callers {
        [] => String::new(),
        [one] => format!(" from {one}"),
        [one, two] => format!(" from {one} and {two}"),
        [first, rest @ ..] => format!(" from {first} and {} others", rest.len()),
    }
}

/// The namespace of its objects, if no caller is in it.
fn elsewhere(subject: &Subject) -> String {
    let Subject::Host { namespace: Some(namespace), callers, .. } = subject else { return String::new() };
    if callers.contains(namespace) { String::new() } else { format!(", by objects in {namespace}") }
}

//! What today's policies say about what is in the cluster, made with this tool or by hand.
//!
//! Pure. Asks about each egress as if it were added today. Changes nothing.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::answer::Severity;
use super::descriptor::Hook;
use super::evaluator::PolicyEvaluator;
use super::hosts::Evaluation;
use super::report::{PolicyRef, Report, Status};
use egress_core::inventory::Egress;
use egress_core::opened::{Opened, Opening};
use egress_core::snapshot::Snapshot;

/// The code of a destination that no policy allows.
const NOT_ALLOWED: &str = "not-allowed";
/// The code of a gateway pod where traffic may not leave.
pub const NODE_NOT_ACCEPTED: &str = "node-not-accepted";
/// The code of a policy that could not decide.
const UNDECIDED: &str = "undecided";

/// What an audit came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// How many egresses were asked about.
    pub egresses: usize,
    /// How many of them would be refused, or could not be decided.
    pub refused: usize,
    /// What there is to say, by namespace and host.
    pub rows: Vec<AuditRow>,
    /// Ways out of the mesh that no policy could be asked about, one sentence each.
    pub unjudged: Vec<String>,
}

/// One thing a policy says about one egress.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: String,
    /// The port, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Made with this tool.
    pub managed: bool,
    /// What it comes to: allowed with a warning, denied, or undecided.
    pub status: Status,
    /// Who says it; nobody: the default where no policy allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<PolicyRef>,
    /// The finding's code.
    pub code: String,
    /// The object that opens it, in kubectl's words; none where an egress is judged as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
}

/// Asks about these egresses, and about all else that is open: objects that are part of none, and what the objects of an
/// egress open beside what its record says.
pub(crate) fn audit_opened(
    evaluator: &PolicyEvaluator,
    snapshot: &Snapshot,
    egresses: &[Egress<'_>],
    opened: &Opened,
) -> Audit {
    let mut audit = audit(evaluator, snapshot, egresses);
    let mut judged: HashSet<(String, String, u16)> = HashSet::new();
    for egress in egresses {
        let destinations = evaluator.request_of(egress).destinations.into_iter();
        judged.extend(destinations.map(|it| (egress.namespace.clone(), it.host, it.port)));
    }
    for ((namespace, host), openings) in opened {
        let is_new = |opening: &&Opening| !judged.contains(&(namespace.clone(), host.clone(), opening.port));
        let open: Vec<&Opening> = openings.iter().filter(is_new).collect();
        if open.is_empty() {
            continue;
        }
        let (rows, unjudged) = rows_of_opening(evaluator, namespace, host, &open);
        audit.egresses += 1;
        audit.refused += usize::from(rows.iter().any(|row| row.status != Status::Allowed));
        audit.rows.extend(rows);
        audit.unjudged.extend(unjudged);
    }
    audit.rows.sort_by(|one, other| (&one.namespace, &one.host).cmp(&(&other.namespace, &other.host)));
    audit
}

/// Asks about these egresses.
pub(crate) fn audit(evaluator: &PolicyEvaluator, snapshot: &Snapshot, egresses: &[Egress<'_>]) -> Audit {
    let mut audit = Audit { egresses: egresses.len(), ..Audit::default() };
    for egress in egresses {
        let rows = rows(evaluator, snapshot, egress);
        audit.refused += usize::from(rows.iter().any(|row| row.status != Status::Allowed));
        audit.rows.extend(rows);
    }
    audit
}

impl Audit {
    /// What it comes to: the worst of its rows.
    pub fn status(&self) -> Status {
        self.rows.iter().map(|row| row.status).max().unwrap_or_default()
    }
}

/// What a row is about.
#[derive(Clone, Copy)]
struct About<'a> {
    namespace: &'a str,
    host: &'a str,
    managed: bool,
}

impl<'a> About<'a> {
    fn egress(egress: &'a Egress<'_>) -> Self {
        About { namespace: &egress.namespace, host: egress.host.as_str(), managed: egress.layout.is_some() }
    }
}

/// What is said of a host that objects open, and what no policy can say.
fn rows_of_opening(
    evaluator: &PolicyEvaluator,
    namespace: &str,
    host: &str,
    open: &[&Opening],
) -> (Vec<AuditRow>, Option<String>) {
    let mut ports: BTreeMap<u16, &Opening> = BTreeMap::new();
    for opening in open {
        ports.entry(opening.port).or_insert(opening);
    }
    let by = ports.values().next().map(|opening| opening.by.clone());
    let asked = ports.values().map(|opening| (opening.port, opening.protocol.as_str()));
    let evaluation = evaluator.opening(namespace, host, asked);
    let about = About { namespace, host, managed: false };
    let mut rows = said(about, &evaluation.reports, Some(&evaluation));
    rows.extend(unallowed(about, &evaluation));
    for row in &mut rows {
        let of_port = row.port.and_then(|port| ports.get(&port)).map(|opening| opening.by.clone());
        row.object = of_port.or_else(|| by.clone());
    }
    rows.dedup();
    // A module that knows hosts one by one has no answer for all that a wildcard stands for.
    let modules = || evaluator.asks_modules(Hook::Hosts);
    let refused = rows.iter().any(|row| row.status != Status::Allowed);
    let wild = (host.contains('*') && !refused && modules()).then(|| {
        format!(
            "{}: modules were asked about {host}, not about each host that it covers",
            by.unwrap_or_default()
        )
    });
    (rows, wild)
}

fn rows(evaluator: &PolicyEvaluator, snapshot: &Snapshot, egress: &Egress<'_>) -> Vec<AuditRow> {
    let request = evaluator.request_of(egress);
    let evaluation = evaluator.decide(&request);
    let about = About::egress(egress);
    let mut rows = said(about, &evaluation.reports, Some(&evaluation));
    rows.extend(unallowed(about, &evaluation));
    let pinning = evaluator.pin(&request);
    rows.extend(said(about, &pinning.reports, None));
    let gateway = egress.gateway.as_ref().and_then(|name| snapshot.gateway(name));
    let placement_violations = gateway.map(|gateway| evaluator.check(&pinning, gateway));
    for violation in placement_violations.unwrap_or_default() {
        let status = if violation.unknown { Status::Undecided } else { Status::Denied };
        let place = violation.node.as_ref().map(|node| format!("the gateway runs on node {node}; missing: "));
        rows.push(AuditRow {
            by: violation.by.first().cloned(),
            message: format!("{}{}", place.unwrap_or_default(), violation.missing),
            ..row(about, status, NODE_NOT_ACCEPTED)
        });
    }
    rows.dedup();
    rows
}

/// What policies said. A denial that an exception lifts is no refusal.
fn said(about: About<'_>, reports: &[Report], evaluation: Option<&Evaluation>) -> Vec<AuditRow> {
    let mut rows = Vec::new();
    for report in reports {
        for found in &report.findings {
            let outcome = found.destination.zip(evaluation).and_then(|(index, it)| it.outcomes.get(index));
            let denied = outcome.is_none_or(|outcome| outcome.status != Status::Allowed);
            let status = match found.finding.severity {
                Severity::Deny if denied => Status::Denied,
                Severity::Deny | Severity::Warn => Status::Allowed,
                Severity::Info => continue,
            };
            rows.push(AuditRow {
                port: outcome.map(|outcome| outcome.destination.port),
                by: Some(report.by.clone()),
                message: found.finding.message.clone(),
                remediation: found.finding.remediation.clone(),
                ..row(about, status, &found.finding.code)
            });
        }
        rows.extend(report.fault.as_ref().map(|fault| AuditRow {
            by: Some(report.by.clone()),
            message: fault.to_string(),
            ..row(about, Status::Undecided, UNDECIDED)
        }));
    }
    rows
}

/// Destinations about which nobody says anything, where that is not enough.
fn unallowed(about: About<'_>, evaluation: &Evaluation) -> Vec<AuditRow> {
    let silent = evaluation
        .outcomes
        .iter()
        .filter(|outcome| outcome.status == Status::Denied && outcome.by.is_empty());
    silent
        .map(|outcome| AuditRow {
            port: Some(outcome.destination.port),
            message: "no policy allows it, and the default is to deny".to_owned(),
            ..row(about, Status::Denied, NOT_ALLOWED)
        })
        .collect()
}

fn row(about: About<'_>, status: Status, code: &str) -> AuditRow {
    AuditRow {
        namespace: about.namespace.to_owned(),
        host: about.host.to_owned(),
        port: None,
        object: None,
        managed: about.managed,
        status,
        by: None,
        code: code.to_owned(),
        message: String::new(),
        remediation: None,
    }
}

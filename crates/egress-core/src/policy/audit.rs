//! What today's policies say about what is in the cluster, made with this tool or by hand.
//!
//! Pure. Asks about each egress as if it were added today. Changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::answer::Severity;
use super::hosts::{self, Judgement};
use super::member::Assembly;
use super::pinning;
use super::question::{self, Facts, Subject};
use super::report::{Author, Report, Status};
use crate::inventory::{self, Egress};
use crate::snapshot::{NodeFacts, Snapshot};

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
    pub rows: Vec<Row>,
}

/// One thing a policy says about one egress.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
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
    pub by: Option<Author>,
    /// The finding's code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
}

/// What is asked about, and with which facts.
pub struct Scene<'a> {
    /// Everybody who is asked.
    pub assembly: &'a Assembly,
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// The nodes; empty where nobody needs them.
    pub nodes: &'a [NodeFacts],
    /// The facts that are the same for every egress.
    pub facts: &'a Facts,
    /// The labels of each namespace.
    pub namespace_labels: &'a BTreeMap<String, BTreeMap<String, String>>,
    /// The time, for exceptions.
    pub now: Timestamp,
}

/// Asks about these egresses.
pub fn audit(scene: &Scene<'_>, egresses: &[Egress<'_>]) -> Audit {
    let mut audit = Audit { egresses: egresses.len(), ..Audit::default() };
    for egress in egresses {
        let rows = scene.rows(egress);
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

impl Scene<'_> {
    fn rows(&self, egress: &Egress<'_>) -> Vec<Row> {
        let labels = self.namespace_labels.get(&egress.namespace).cloned().unwrap_or_default();
        let facts = Facts { namespace_labels: labels, ..self.facts.clone() };
        let request = match egress.readable_record() {
            Some(record) => question::request("audit", &Subject::of(&record.intent), &facts),
            None => question::foreign(egress, &facts),
        };
        let judgement = hosts::decide(self.assembly, &request, Some(self.now));
        let mut rows = said(egress, &judgement.reports, Some(&judgement));
        rows.extend(unallowed(egress, &judgement));
        let pinning = pinning::pin(self.assembly, &request);
        rows.extend(said(egress, &pinning.reports, None));
        let gateway = egress.gateway.as_ref().and_then(|name| self.snapshot.gateway(name));
        let misfits = gateway.map(|gateway| pinning::check(&pinning, gateway, self.nodes));
        for misfit in misfits.unwrap_or_default() {
            let status = if misfit.unknown { Status::Undecided } else { Status::Denied };
            let place =
                misfit.node.as_ref().map(|node| format!("the gateway runs on node {node}; missing: "));
            rows.push(Row {
                by: misfit.by.first().cloned(),
                message: format!("{}{}", place.unwrap_or_default(), misfit.missing),
                ..row(egress, status, NODE_NOT_ACCEPTED)
            });
        }
        rows.dedup();
        rows
    }
}

/// What policies said. A denial that an exception lifts is no refusal.
fn said(egress: &Egress<'_>, reports: &[Report], judgement: Option<&Judgement>) -> Vec<Row> {
    let mut rows = Vec::new();
    for report in reports {
        for remark in &report.findings {
            let outcome = remark.destination.zip(judgement).and_then(|(index, it)| it.outcomes.get(index));
            let denied = outcome.is_none_or(|outcome| outcome.status != Status::Allowed);
            let status = match remark.finding.severity {
                Severity::Deny if denied => Status::Denied,
                Severity::Deny | Severity::Warn => Status::Allowed,
                Severity::Info => continue,
            };
            rows.push(Row {
                port: outcome.map(|outcome| outcome.destination.port),
                by: Some(report.author.clone()),
                message: remark.finding.message.clone(),
                remediation: remark.finding.remediation.clone(),
                ..row(egress, status, &remark.finding.code)
            });
        }
        rows.extend(report.fault.as_ref().map(|fault| Row {
            by: Some(report.author.clone()),
            message: fault.to_string(),
            ..row(egress, Status::Undecided, UNDECIDED)
        }));
    }
    rows
}

/// Destinations about which nobody says anything, where that is not enough.
fn unallowed(egress: &Egress<'_>, judgement: &Judgement) -> Vec<Row> {
    let silent =
        judgement.outcomes.iter().filter(|outcome| outcome.status == Status::Denied && outcome.by.is_empty());
    silent
        .map(|outcome| Row {
            port: Some(outcome.destination.port),
            message: "no policy allows it, and what is not allowed is denied".to_owned(),
            ..row(egress, Status::Denied, NOT_ALLOWED)
        })
        .collect()
}

fn row(egress: &Egress<'_>, status: Status, code: &str) -> Row {
    Row {
        namespace: egress.namespace.clone(),
        host: egress.host.to_string(),
        port: None,
        managed: egress.layout.is_some(),
        status,
        by: None,
        code: code.to_owned(),
        message: String::new(),
        remediation: None,
    }
}

/// The egresses of these namespaces, or of all.
pub fn egresses<'a>(snapshot: &'a Snapshot, namespace: Option<&str>) -> Vec<Egress<'a>> {
    let mut found = inventory::egresses(snapshot);
    found.retain(|egress| namespace.is_none_or(|namespace| egress.namespace == namespace));
    found
}

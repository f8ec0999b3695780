//! What a diagnosis says: a section for each subject, a line for each check, and what was found.
//!
//! Serialises to the JSON of `docs/schema/diagnose.json`. Knows nothing of text layout.

use egress_core::intent::GatewayName;
use egress_core::snapshot::Unreadable;
use serde::Serialize;

use crate::check::{Code, Level};
use crate::finding::{Finding, Place};

/// The version of the JSON form.
pub const API_VERSION: &str = "kubectl-egress.github.io/v1alpha1";
/// The kind of the JSON form.
pub const KIND: &str = "EgressDiagnosis";

/// A whole diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// [`KIND`].
    pub kind: &'static str,
    /// The mesh first, then gateways, then hosts.
    pub sections: Vec<Section>,
    /// What could not be read from the cluster.
    pub unreadable: Vec<Unreadable>,
    /// Counts over all sections.
    pub summary: Summary,
}

/// All checks of one subject, in the order of the walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// What was examined.
    pub subject: Subject,
    /// What each check said.
    pub checks: Vec<Line>,
}

/// What a section is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Subject {
    /// The mesh as a whole.
    Mesh,
    /// A gateway.
    #[serde(rename_all = "camelCase")]
    Gateway {
        /// Its Service.
        gateway: GatewayName,
    },
    /// A host in a namespace.
    #[serde(rename_all = "camelCase")]
    Host {
        /// The host.
        host: String,
        /// The namespace of its objects, or the one that was asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The namespaces whose pods call it.
        callers: Vec<String>,
        /// The gateway it leaves by.
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway: Option<GatewayName>,
    },
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The check.
    pub code: Code,
    /// What is true when nothing is wrong.
    pub name: &'static str,
    /// What it said.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What a check said, as a report keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Verdict {
    /// Nothing is wrong.
    #[serde(rename_all = "camelCase")]
    Passed {
        /// What was seen, where that is worth telling.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<String>,
    },
    /// Something is wrong.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// What.
        findings: Vec<Finding>,
    },
    /// Nothing can be said. Never the same as passed.
    #[serde(rename_all = "camelCase")]
    NotChecked {
        /// Which kind of reason.
        reason: Reason,
        /// The reason.
        because: String,
    },
}

/// Why a check says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The way is broken before.
    Blocked,
    /// What it looks at could not be read.
    Unreadable,
    /// Nothing is there yet that could tell.
    NoEvidence,
    /// What it looks at was not among what was given.
    NotGiven,
}

/// Counts over all sections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Hosts examined, each counted once for each namespace.
    pub hosts: usize,
    /// Findings at level error.
    pub errors: usize,
    /// Findings at level warning.
    pub warnings: usize,
    /// Findings at level info.
    pub infos: usize,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that said nothing.
    pub not_checked: usize,
    /// Of those, the ones whose facts could not be read.
    pub unreadable: usize,
}

impl Report {
    pub(crate) fn new(sections: Vec<Section>, unreadable: Vec<Unreadable>) -> Self {
        let summary = Summary::of(&sections);
        Report { api_version: API_VERSION, kind: KIND, sections, unreadable, summary }
    }

    /// Every finding, in the order of the walk.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.sections.iter().flat_map(|section| &section.checks).flat_map(Line::findings)
    }

    /// The object of every finding, to be told where it is written.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let lines = self.sections.iter_mut().flat_map(|section| &mut section.checks);
        let failed = lines.filter_map(|line| match &mut line.verdict {
            Verdict::Failed { findings } => Some(findings),
            Verdict::Passed { .. } | Verdict::NotChecked { .. } => None,
        });
        failed.flatten().map(|finding| &mut finding.object)
    }

    /// The worst level of all findings.
    pub fn worst(&self) -> Option<Level> {
        self.findings().map(|finding| finding.level).max()
    }
}

impl Line {
    /// Its findings; none unless it failed.
    pub fn findings(&self) -> &[Finding] {
        self.verdict.findings()
    }
}

impl Verdict {
    /// Its findings; none unless something is wrong.
    pub fn findings(&self) -> &[Finding] {
        if let Verdict::Failed { findings } = self { findings } else { &[] }
    }
}

impl Summary {
    fn of(sections: &[Section]) -> Self {
        let mut summary = Summary::default();
        for section in sections {
            summary.hosts += usize::from(matches!(section.subject, Subject::Host { .. }));
            for line in &section.checks {
                match &line.verdict {
                    Verdict::Passed { .. } => summary.passed += 1,
                    Verdict::Failed { findings } => findings.iter().for_each(|finding| match finding.level {
                        Level::Error => summary.errors += 1,
                        Level::Warning => summary.warnings += 1,
                        Level::Info => summary.infos += 1,
                    }),
                    Verdict::NotChecked { reason, .. } => {
                        summary.not_checked += 1;
                        summary.unreadable += usize::from(*reason == Reason::Unreadable);
                    }
                }
            }
        }
        summary
    }
}

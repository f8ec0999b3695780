//! One policy's whole answer to one question, so that the reason can be shown.
//!
//! Knows whose words they are. What they come to is decided elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::answer::{EvaluationError, Finding, Severity, Step};
use super::descriptor::Hook;
use super::layer::Layer;

/// Who says something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The policy's name in the configuration.
    pub policy: String,
    /// Its version, as it says itself.
    pub version: String,
    /// Where it was configured.
    pub layer: Layer,
    /// `sha256:…` of its module; `None`: built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What one policy said about one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Who.
    #[serde(flatten)]
    pub by: PolicyRef,
    /// The question.
    pub hook: Hook,
    /// What it has to say, each code once for a path.
    pub findings: Vec<PolicyFinding>,
    /// Why, where that was asked for.
    pub trace: Vec<Step>,
    /// What it wrote to its log.
    pub log: Vec<String>,
    /// What the answer cost; `None`: not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Why it could not decide.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "fault")]
    pub fault: Option<EvaluationError>,
    /// What the file adds to each of its denials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_deny: Option<String>,
}

/// A finding, and which destination it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFinding {
    /// Index into the request's destinations; `None`: the request as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<usize>,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What several answers come to. The later one outweighs the earlier, and only the first lets anything be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing is against it.
    #[default]
    Allowed,
    /// A policy could not decide, and none denies.
    Undecided,
    /// A policy denies. It outweighs a policy that could not decide: repairing that one would change nothing.
    Denied,
}

impl Report {
    /// What the report alone comes to.
    pub fn status(&self) -> Status {
        if self.findings.iter().any(|found| found.finding.severity == Severity::Deny) {
            return Status::Denied;
        }
        if self.fault.is_some() { Status::Undecided } else { Status::Allowed }
    }

    /// Adds a finding, unless the same code was already said about the same place.
    pub(super) fn add_finding(&mut self, destination: Option<usize>, finding: Finding) {
        let said = |found: &PolicyFinding| {
            found.destination == destination
                && found.finding.code == finding.code
                && found.finding.path == finding.path
        };
        match self.findings.iter_mut().find(|found| said(found)) {
            // Of two severities the one that denies is kept.
            Some(found) if finding.severity < found.finding.severity => found.finding = finding,
            Some(_) => {}
            None => self.findings.push(PolicyFinding { destination, finding }),
        }
    }
}

/// `acme-hosts 1.4.2 (cluster)`.
impl fmt::Display for PolicyRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({})", self.policy, self.version, self.layer)
    }
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn fault<S: Serializer>(fault: &Option<EvaluationError>, serializer: S) -> Result<S::Ok, S::Error> {
    match fault {
        Some(fault) => serializer.collect_str(fault),
        None => serializer.serialize_none(),
    }
}

//! What a policy may answer. The same shapes as in the interfaces, in the same words.
//!
//! Knows no composition: what several answers come to is decided elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It denies.
    Deny,
    /// It should be looked at.
    Warn,
    /// It is good to know.
    Info,
}

/// One thing a policy has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// Stable and kebab-case.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Where in the request, such as `destinations[0].host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to type or whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// What it is based on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, String>,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// Which rule was looked at.
    pub rule: String,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub detail: String,
}

/// What one policy says about one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may be reached.
    Allow,
    /// It may not.
    Deny,
    /// Not this policy's matter.
    #[default]
    Abstain,
}

/// The answer about one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ruling {
    /// Index into the request's destinations.
    pub destination: u32,
    /// Allow, deny or abstain.
    pub decision: Decision,
    /// The routes it may take; empty: any.
    pub routes: Vec<String>,
    /// The layouts its objects may have; empty: any.
    pub layouts: Vec<String>,
    /// What there is to say.
    pub findings: Vec<Finding>,
}

/// The answer of `hosts.decide`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdict {
    /// At most one for each destination; one that is missing is an abstention.
    pub rulings: Vec<Ruling>,
    /// About the request as a whole.
    pub findings: Vec<Finding>,
    /// Why.
    pub trace: Vec<Step>,
}

/// The name of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Name {
    /// Which slot.
    pub slot: u32,
    /// The name.
    pub name: String,
    /// Where it should live; none: where the layout needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels it gets beside ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations it gets beside ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The answer of `naming.name-objects`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Names {
    /// A slot without an answer keeps its default name.
    pub names: Vec<Name>,
    /// What there is to say.
    pub findings: Vec<Finding>,
    /// Why.
    pub trace: Vec<Step>,
}

/// How a label is compared, as in a node affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operator {
    /// One of the values.
    In,
    /// None of the values, or no such label.
    NotIn,
    /// There is such a label.
    Exists,
    /// There is none.
    DoesNotExist,
}

/// A requirement on a node's labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// The gateway's nodes must differ in a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spread {
    /// The label.
    pub key: String,
    /// In how many values.
    pub at_least: u32,
}

/// On which nodes traffic may leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Placement {
    /// Every node must fulfil all of them.
    pub required: Vec<Requirement>,
    /// Among several gateways the one that fulfils most is taken.
    pub preferred: Vec<Requirement>,
    /// In how many zones, racks and the like.
    pub spread: Option<Spread>,
    /// On how many nodes.
    pub min_nodes: u32,
}

/// What a policy says about nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinAnswer {
    /// Not this policy's matter.
    #[default]
    Abstain,
    /// Any node will do.
    AnyNode,
    /// Only these.
    Place(Placement),
}

/// The answer of `pinning.pin-gateway`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pin {
    /// On which nodes.
    pub answer: PinAnswer,
    /// What there is to say.
    pub findings: Vec<Finding>,
    /// Why.
    pub trace: Vec<Step>,
}

/// Why a policy could not decide. Always a refusal.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EvaluationError {
    /// The settings in the configuration are wrong.
    #[error("its settings are wrong: {}", list(.0))]
    Settings(Vec<Finding>),
    /// It needs something that it was not told.
    #[error("it did not get `{0}`")]
    MissingFact(String),
    /// Its own words.
    #[error("it failed: {0}")]
    Internal(String),
    /// It was stopped in the middle: an unreachable instruction, a read out of bounds, a panic.
    #[error("it crashed: {0}")]
    Trap(String),
    /// It was stopped at a limit.
    #[error("it was stopped at the limit of {0}")]
    Limit(String),
    /// It answered something that cannot be used.
    #[error("its answer cannot be used: {0}")]
    BadAnswer(String),
}

impl Finding {
    /// A finding about one place, without evidence.
    pub(crate) fn at(path: String, code: &str, severity: Severity, message: String) -> Self {
        Finding {
            code: code.to_owned(),
            severity,
            message,
            path: Some(path),
            remediation: None,
            docs: None,
            evidence: BTreeMap::new(),
        }
    }
}

impl Severity {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Deny => "deny",
            Severity::Warn => "warn",
            Severity::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("; ")
}

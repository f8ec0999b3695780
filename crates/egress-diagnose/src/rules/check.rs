//! A check: a row of data and a pure function.
//!
//! Does not know the checks themselves; [`checks`](crate::rules) lists them.

use std::fmt;
use std::str::FromStr;

use egress_core::host::quoted;
pub use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::finding::Finding;
use crate::finding::awaited::Awaited;
use crate::path::egress_path::Way;
use crate::view::View;

/// One check.
pub struct Check {
    /// Its stable code, never used again for anything else.
    pub code: Code,
    /// What is true when nothing is wrong.
    pub name: &'static str,
    /// The highest level of its findings.
    pub level: Level,
    /// The part of the path that it checks.
    pub hop: Hop,
    /// What it reads; held against what it does read.
    pub inputs: &'static [Input],
    /// What it checks, why it matters, how to fix it: Markdown with exactly these headings.
    pub docs: &'static str,
    /// The function.
    pub run: Run,
}

/// The subject of a check, and its function.
#[derive(Clone, Copy)]
pub enum Run {
    /// The mesh as a whole.
    Mesh(fn(&View<'_>) -> Outcome),
    /// One gateway.
    Gateway(fn(&View<'_>, &GatewayFacts) -> Outcome),
    /// The path of one host in one namespace.
    Way(fn(&View<'_>, &Way<'_>) -> Outcome),
    /// The same, for checks that need the gateway and the objects of its namespace.
    Through(fn(&View<'_>, &Way<'_>, &GatewayFacts) -> Outcome),
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is true; with what was seen, if that helps the reader.
    Good(Option<String>),
    /// It is not true.
    Bad(Vec<Finding>),
    /// It could not be read, and why.
    Unreadable(String),
    /// What the check needs does not exist yet.
    NoEvidence(Awaited),
    /// Facts of this kind were not given: files need not contain everything.
    NotGiven(Input),
    /// It does not apply to this subject, or there is nothing to look at.
    NotApplicable,
}

/// A check's code, written `EG007`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

/// Why a text is not a code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected a code such as `EG014`, found {}", quoted(.0))]
pub struct CodeError(String);

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// It works, but is less safe or complete than it should be.
    Warning,
    /// Traffic fails, or leaves the mesh where it must not.
    Error,
}

/// The parts of a request's path, in order. After the first broken one no further findings are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Hop {
    /// What holds for every host.
    Mesh,
    /// The gateway's Service, pods and nodes.
    Gateway,
    /// Whether the objects of the host exist.
    Objects,
    /// From the caller to the gateway, according to the objects.
    ToGateway,
    /// The same, according to the callers' Envoys.
    ClientProxies,
    /// From the gateway to the host, according to the objects.
    FromGateway,
    /// The same, according to the gateway's Envoys.
    GatewayProxies,
    /// From the gateway's Envoy to the host.
    Upstream,
}

impl Outcome {
    /// Bad if there are findings. Otherwise good, but only if the check looked at something: with nothing to look at
    /// nothing has passed.
    pub fn of(looked_at: usize, findings: Vec<Finding>) -> Self {
        match (findings.is_empty(), looked_at) {
            (false, _) => Outcome::Bad(findings),
            (true, 0) => Outcome::NotApplicable,
            (true, _) => Outcome::Good(None),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EG{:03}", self.0)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        })
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads `EG014`; capitals do not matter.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case("EG")).and(text.get(2..));
        let digits =
            digits.filter(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Code).ok_or_else(|| CodeError(text.to_owned()))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

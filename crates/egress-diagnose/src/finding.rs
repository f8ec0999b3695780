//! A finding, with all that a person needs to act: place, evidence, consequence for traffic, fix.
//!
//! Does not know how it was found.

use egress_core::command::ShellCommand;
use serde::Serialize;

mod acceptance;
mod awaited;
mod cause;
mod code;
mod level;
mod outcome;
mod place;

pub use self::acceptance::{Acceptance, InvalidAcceptance};
pub use self::awaited::Awaited;
pub(crate) use self::cause::CauseKey;
pub use self::cause::{Cause, CauseScope, HostName};
pub use self::code::{Code, CodeError};
pub use self::level::Level;
pub use self::outcome::{CheckOutcome, Readable};
pub use self::place::{Place, SourceLine};

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check that found it.
    pub code: Code,
    /// Its level; never higher than the check's own level.
    pub level: Level,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub object: Place,
    /// The evidence, one fact per line.
    pub evidence: Vec<String>,
    /// What it does to traffic.
    pub consequence: String,
    /// Its fix.
    pub fix: Fix,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Confidence {
    /// The evidence proves it.
    Certain,
    /// It is the most likely reason for the evidence; others are possible.
    Inferred,
}

/// The fix of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// A command to type.
    pub command: ShellCommand,
    /// What the command does, or what to do if no command can.
    pub why: String,
}

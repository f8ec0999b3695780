//! A finding, with all that a person needs to act: place, evidence, consequence for traffic, fix.
//!
//! Does not know how it was found.

use egress_core::command::ShellCommand;
use egress_core::istio::call::Call;
use serde::Serialize;

mod acceptance;
mod awaited;
mod cause;
mod change;
mod code;
mod level;
mod outcome;
mod place;

pub use self::acceptance::{Acceptance, InvalidAcceptance};
pub use self::awaited::Awaited;
pub(crate) use self::cause::CauseKey;
pub use self::cause::{Cause, CauseScope, HostName};
pub use self::change::{Alteration, Metadata, ObjectChange, RefusedChange};
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
    /// What the command changes, in order; none where it does something else than to change objects.
    #[serde(skip)]
    pub changes: Option<Vec<ObjectChange>>,
    /// What may take the place of this fix.
    #[serde(skip)]
    pub candidates: Candidates,
}

/// Changes that may mend a fault. The first one that is proven is the fix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The changes, the likeliest first.
    pub fixes: Vec<Fix>,
    /// Calls that must leave through their gateway afterwards.
    pub calls: Vec<Call>,
}

impl Fix {
    /// The command that makes these changes.
    pub fn of(changes: Vec<ObjectChange>, why: &str) -> Self {
        let commands = changes.iter().map(ObjectChange::command);
        let command = commands.reduce(ShellCommand::and_then).unwrap_or_else(|| ShellCommand::new([]));
        Fix { command, why: why.to_owned(), changes: Some(changes), candidates: Candidates::default() }
    }
}

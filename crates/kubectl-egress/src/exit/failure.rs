//! The table of exit codes, and an error that knows its own: a message and a hint.
//!
//! Knows no error of the libraries.

use std::process::ExitCode;

use thiserror::Error;

/// The exit codes, the same for every command and every output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done, or nothing to do.
    Done = 0,
    /// Findings, or a change failed and the cluster is as before.
    Failed = 1,
    /// The command line is wrong; nothing was done.
    Usage = 2,
    /// Changes are pending (`--diff`).
    Pending = 3,
    /// A policy denies it; nothing was written.
    Denied = 4,
    /// The cluster cannot be reached, or permissions are missing.
    Unreachable = 5,
    /// Written, but not proven live in time; safe to run again.
    Unproven = 6,
    /// Another owner, or the cluster changed meanwhile.
    Conflict = 7,
    /// Not everything could be checked.
    Unchecked = 8,
    /// A policy could not decide: refused, never allowed.
    Undecided = 9,
    /// Interrupted; the output said what was done and what was not.
    Interrupted = 130,
}

/// An error that knows its exit code and what to type next.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct Failure {
    /// How the run ends.
    pub code: Code,
    /// What was expected, and what was found.
    pub message: String,
    /// What to do about it, with something to type.
    pub hint: Option<String>,
}

impl Failure {
    /// A wrong command line. The hint is written for `kubectl egress`, whatever the program is called.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { code: Code::Usage, message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(code as u8)
    }
}

//! How a run ends: the table of exit codes, and errors as a message and a hint.
//!
//! Knows every error type of the libraries below. Prints through [`Terminal`] only.

mod hint;
mod usage;

use std::io;
use std::process::ExitCode;

use egress_core::dialect::Refusal;
use thiserror::Error;

pub use hint::target as target_hint;

use crate::program::Program;
use crate::terminal::Terminal;

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

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::usage(refusal.to_string(), hint::layout(&refusal))
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(code as u8)
    }
}

/// Prints the error, and returns the exit code.
pub fn report(error: &anyhow::Error, terminal: &mut Terminal) -> Code {
    // The reader of the pipe has stopped: `kubectl egress list | head -1` is not an error.
    if is_broken_pipe(error) {
        return Code::Done;
    }
    let (code, hint) = match error.downcast_ref::<Failure>() {
        Some(failure) => (failure.code, failure.hint.clone()),
        None => hint::of(error),
    };
    terminal.error(&format!("{error:#}"), hint.as_deref());
    code
}

/// Prints clap's message about a command such as `kubectl egress add`: help on stdout, or a usage error.
pub fn answer(answer: &clap::Error, command: &str, program: &Program, terminal: &mut Terminal) -> Code {
    if answer.use_stderr() {
        let failure = usage::failure(answer, command, program);
        return report(&failure.into(), terminal);
    }
    match terminal.result(&answer.render().ansi().to_string()) {
        Ok(()) => Code::Done,
        Err(error) => report(&error.into(), terminal),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

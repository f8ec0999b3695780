//! How a run ends: its exit code, and errors as a message and a hint.
//!
//! Knows every error type of the libraries below. Prints through [`Terminal`] only.

mod failure;
mod hint;
mod usage;

use std::io;

use egress_core::dialect::Refusal;

pub use failure::{Code, Failure};
pub use hint::target as target_hint;

use crate::program::Program;
use crate::terminal::Terminal;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::usage(refusal.to_string(), hint::layout(&refusal))
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

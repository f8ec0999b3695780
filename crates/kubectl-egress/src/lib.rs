//! The imperative shell of `kubectl egress`: turns arguments into settings, runs a command, turns its result into an
//! exit code.
//!
//! Decides nothing about egress itself: that is `egress-core`. The reading order is [`cli`], [`settings`], [`commands`].

pub mod cli;
pub mod commands;
pub mod exit;
mod files;
pub mod logging;
pub mod policies;
pub mod program;
pub mod runtime;
pub mod settings;
pub mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use program::Program;
use terminal::Terminal;

/// Runs one command line, from `argv` to the exit code. Prints all output.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = Program::from_path(arguments.first());
    let mut terminal = Terminal::new(program.clone());
    let code = match cli::parse(&program, arguments) {
        Ok(typed) => {
            logging::start(typed.global.verbosity);
            commands::run(typed, &program, &mut terminal)
                .unwrap_or_else(|error| exit::report(&error, &mut terminal))
        }
        Err(refusal) => exit::answer(&refusal.answer, &refusal.command, &program, &mut terminal),
    };
    ExitCode::from(code)
}

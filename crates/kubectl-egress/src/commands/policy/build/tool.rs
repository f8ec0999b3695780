//! Runs the programs that a build needs. Knows how to report a missing program, and how to show its output.

use std::io;
use std::process::{Command, Stdio};

use crate::exit::{Code, Failure};
use crate::terminal::Terminal;

/// The programs of one language.
pub(super) struct Tool {
    /// The language's name.
    pub(super) language: &'static str,
    /// The hint if they are missing.
    pub(super) install: &'static str,
}

impl Tool {
    /// Runs a program to its end. `typed` is the command as a person types it. Shows the program's output only if it
    /// fails: stdout is for our own result alone.
    pub(super) fn run(
        &self,
        typed: &'static str,
        command: &mut Command,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let waiting = terminal.wait(typed);
        let output = command.stdin(Stdio::null()).output();
        drop(waiting);
        let program = typed.split(' ').next().unwrap_or(typed);
        let output = output.map_err(|error| self.not_started(program, &error))?;
        if output.status.success() {
            return Ok(());
        }
        let printed = [output.stdout, output.stderr].concat();
        terminal.note(String::from_utf8_lossy(&printed).trim_end());
        let message = format!("`{typed}` failed; its output is above");
        Err(Failure { code: Code::Failed, message, hint: None })
    }

    /// Why a program did not start.
    pub(super) fn not_started(&self, program: &str, error: &io::Error) -> Failure {
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                format!("`{program}` was not found: a policy in {} is built by it", self.language)
            }
            _ => format!("`{program}` could not be started: {error}"),
        };
        Failure { code: Code::Failed, message, hint: Some(self.install.to_owned()) }
    }
}

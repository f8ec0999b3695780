//! The only place that prints: results to stdout, everything else to stderr.
//!
//! Knows colour (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`), columns, and whether it can ask the user. Lines for stderr
//! may contain text from a cluster, so they are escaped here; `egress-render` escapes and styles results.

mod waiting;

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use dialoguer::Confirm;
use dialoguer::console::Term;
use egress_render::escape::escape;
use egress_render::palette::Palette;

use indicatif::ProgressBar;

use crate::exit::{Code, Failure};
use crate::program::Program;
pub use waiting::Waiting;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints results and messages. Replaces `kubectl egress` in messages with the program's real name.
#[derive(Debug)]
pub struct Terminal {
    program: Program,
    stdout: anstream::Stdout,
    stderr: anstream::Stderr,
    /// The spinner that started last.
    spinner: Option<ProgressBar>,
}

impl Terminal {
    /// The terminal of this process.
    pub fn new(program: Program) -> Self {
        Terminal { program, stdout: anstream::stdout(), stderr: anstream::stderr(), spinner: None }
    }

    /// The styles of results: plain without colour.
    pub fn palette(&self) -> Palette {
        match self.stdout.current_choice() {
            anstream::ColorChoice::Never => Palette::plain(),
            _ => Palette::coloured(),
        }
    }

    /// The width of stdout's terminal, or `COLUMNS`; none if stdout is a file or a pipe.
    pub fn columns(&self) -> Option<usize> {
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let said = said.filter(|columns| *columns > 0);
        said.or_else(|| Term::stdout().size_checked().map(|(_, columns)| usize::from(columns)))
    }

    /// Prints a part of the result, as it is.
    pub fn result(&mut self, text: &str) -> io::Result<()> {
        let written = self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush());
        written.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))
        })
    }

    /// Prints a result for people, with the program's real name in commands.
    pub fn page(&mut self, text: &str) -> io::Result<()> {
        let text = self.program.rename(text).into_owned();
        self.result(&text)
    }

    /// Writes a binary result. Not through the stream above, which removes escape sequences.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Prints a message to stderr, of one line or several.
    pub fn note(&mut self, text: &str) {
        self.say(&escaped(text));
    }

    /// Prints a message to stderr that `egress-render` has escaped and styled.
    pub fn show(&mut self, styled: &str) {
        self.say(styled);
    }

    /// Prints a warning.
    pub fn warning(&mut self, text: &str) {
        self.say(&format!("{WARNING}warning:{WARNING:#} {}", escaped(text)));
    }

    /// Prints an error and its hint.
    pub fn error(&mut self, text: &str, hint: Option<&str>) {
        self.say(&format!("{ERROR}error:{ERROR:#} {}", escaped(text)));
        if let Some(hint) = hint {
            self.say(&format!("\n{HINT}hint:{HINT:#} {}", escaped(hint)));
        }
    }

    /// Whether it can ask the user.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks before a change. The caller must have checked that it can ask, and must handle Ctrl-C: otherwise Ctrl-C
    /// ends the process with the cursor hidden.
    pub fn confirm(&mut self, question: &str) -> anyhow::Result<bool> {
        let prompt = Confirm::new()
            .with_prompt(self.program.rename(&escaped(question)))
            .default(false)
            .wait_for_newline(true);
        let dialoguer::Error::IO(error) = match prompt.interact() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        Term::stderr().show_cursor()?;
        match error.kind() {
            io::ErrorKind::Interrupted => Err(Failure {
                code: Code::Interrupted,
                message: "interrupted; nothing was changed".to_owned(),
                hint: None,
            }
            .into()),
            _ => Err(error.into()),
        }
    }

    /// Asks before anything has started, and reads a line: Ctrl-C ends the process as usual. The caller must have
    /// checked that it can ask.
    pub fn ask(&mut self, question: &str) -> io::Result<bool> {
        write!(self.stderr, "{} [y/N] ", self.program.rename(&escaped(question)))?;
        self.stderr.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Shows a spinner until the value is dropped. Shows nothing without a terminal.
    pub fn wait(&mut self, what: &str) -> Waiting {
        let waiting = Waiting::start(&self.program.rename(&escaped(what)));
        self.spinner = Some(waiting.spinner());
        waiting
    }

    /// Writes one line to stderr, above a spinner if there is one. Ignores errors: if stderr is closed, there is
    /// nowhere to report them.
    fn say(&mut self, line: &str) {
        let (stderr, line) = (&mut self.stderr, self.program.rename(line));
        let mut write = || drop(writeln!(stderr, "{line}"));
        match &self.spinner {
            Some(spinner) if !spinner.is_finished() => spinner.suspend(write),
            _ => write(),
        }
    }
}

/// Escapes hidden characters except line breaks: text from a cluster must not control the terminal.
fn escaped(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escape).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(escaped("a\u{1b}[31mb\r\u{9b}"), "a\\u{1b}[31mb\\r\\u{9b}");
        assert_eq!(escaped("two\nlines"), "two\nlines");
    }
}

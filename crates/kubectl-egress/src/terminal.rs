//! The only place that prints: results to stdout, everything else to stderr.
//!
//! Knows colour (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`) and whether someone is there to be asked. Lines for stderr
//! may hold text from a cluster, so they are escaped here; results are escaped by `egress-render`, which styles them.

mod waiting;

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use dialoguer::Confirm;
use egress_render::escape::escape;
use egress_render::palette::Palette;

pub use waiting::Waiting;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Where results and messages go.
#[derive(Debug)]
pub struct Terminal {
    stdout: anstream::Stdout,
    stderr: anstream::Stderr,
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave everything as it is.
    No,
    /// No terminal, so nobody was asked.
    NobodyThere,
}

impl Terminal {
    /// The terminal of this process.
    #[expect(clippy::new_without_default, reason = "there is one terminal; it is taken, not defaulted")]
    pub fn new() -> Self {
        Terminal { stdout: anstream::stdout(), stderr: anstream::stderr() }
    }

    /// The styles of results: plain where nobody sees colour.
    pub fn palette(&self) -> Palette {
        match self.stdout.current_choice() {
            anstream::ColorChoice::Never => Palette::plain(),
            _ => Palette::coloured(),
        }
    }

    /// Prints a part of the result, as it is.
    pub fn result(&mut self, text: &str) -> io::Result<()> {
        let written = self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush());
        written.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))
        })
    }

    /// Says something beside the result: a line or several.
    pub fn note(&mut self, text: &str) {
        self.say(&escaped(text));
    }

    /// Warns of something that does not stop the run.
    pub fn warning(&mut self, text: &str) {
        self.say(&format!("{WARNING}warning:{WARNING:#} {}", escaped(text)));
    }

    /// Says what went wrong and what to do about it.
    pub fn error(&mut self, text: &str, hint: Option<&str>) {
        self.say(&format!("{ERROR}error:{ERROR:#} {}", escaped(text)));
        if let Some(hint) = hint {
            self.say(&format!("\n{HINT}hint:{HINT:#} {}", escaped(hint)));
        }
    }

    /// Whether someone is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks before a change, if someone is there to answer.
    pub fn confirm(&mut self, question: &str) -> io::Result<Answer> {
        if !self.can_ask() {
            return Ok(Answer::NobodyThere);
        }
        let prompt = Confirm::new().with_prompt(escaped(question)).default(false).wait_for_newline(true);
        let dialoguer::Error::IO(error) = match prompt.interact() {
            Ok(true) => return Ok(Answer::Yes),
            Ok(false) => return Ok(Answer::No),
            Err(error) => error,
        };
        Err(error)
    }

    /// Shows that something is being waited for, until the value is dropped. Shows nothing without a terminal.
    pub fn wait(&mut self, what: &str) -> Waiting {
        Waiting::start(&escaped(what))
    }

    /// Writes one line to stderr. There is nobody to tell when stderr is closed.
    fn say(&mut self, line: &str) {
        drop(writeln!(self.stderr, "{line}"));
    }
}

/// Makes hidden characters visible, but for line breaks: what a terminal would obey must not come from a cluster.
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

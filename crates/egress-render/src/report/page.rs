//! The page that a diagnosis is written on: marks, indents, width, numbers.
//!
//! Knows nothing of diagnoses, but for the marks of their levels.

use std::fmt::Write;

use anstyle::Style;
use egress_diagnose::check::{Code, Level};

use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Lines are wrapped at this width; commands never are, so that they can be copied.
const WIDTH: usize = 80;

/// Text that grows line by line.
pub(super) struct Page<'a> {
    palette: &'a Palette,
    text: String,
}

/// What stands before a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Unknown,
    /// Wrong, and somebody said that it may be.
    Accepted,
    Wrong(Level),
}

impl<'a> Page<'a> {
    pub(super) fn new(palette: &'a Palette) -> Self {
        Page { palette, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A title, underlined.
    pub(super) fn title(&mut self, title: &str) {
        let title = wrap(title, WIDTH);
        for line in &title {
            self.line(&paint(self.palette.heading, line));
        }
        let widest = title.iter().map(|line| line.chars().count()).max().unwrap_or_default();
        self.line(&"-".repeat(widest));
    }

    /// A text behind a mark.
    pub(super) fn marked(&mut self, mark: Mark, text: &str) {
        let (style, sign) = self.sign(mark);
        let sign = paint(style, sign);
        for (number, line) in wrap(text, WIDTH - 2).iter().enumerate() {
            let start = if number == 0 { format!("{sign} ") } else { "  ".to_owned() };
            self.line(&format!("{start}{line}"));
        }
    }

    /// An indented text.
    pub(super) fn wrapped(&mut self, indent: &str, text: &str) {
        for line in wrap(text, WIDTH - indent.len()) {
            self.line(&format!("{indent}{line}"));
        }
    }

    /// An indented text on one line, however long, so that it can be copied.
    pub(super) fn verbatim(&mut self, indent: &str, text: &str) {
        self.line(&format!("{indent}{}", escape(text)));
    }

    /// An empty line, unless there is one already or nothing before it.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn sign(&self, mark: Mark) -> (Style, &'static str) {
        match mark {
            Mark::Good => (self.palette.good, "√"),
            Mark::Unknown => (self.palette.faint, "?"),
            Mark::Accepted => (self.palette.faint, "~"),
            Mark::Wrong(Level::Error) => (self.palette.bad, "×"),
            Mark::Wrong(Level::Warning) => (self.palette.warning, "‼"),
            Mark::Wrong(Level::Info) => (self.palette.faint, "i"),
        }
    }

    fn line(&mut self, line: &str) {
        // Writing into a String does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// `EG007 EG014`.
pub(super) fn joined(codes: &[Code]) -> String {
    codes.iter().map(Code::to_string).collect::<Vec<_>>().join(" ")
}

/// `1 host`, `9,998 hosts`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(count)) }
}

/// `9,998`.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = escape(text);
    // A word that is longer than a line, such as a cluster's name, stays whole: it is there to be searched for.
    let options =
        textwrap::Options::new(width).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

//! The page that a diagnosis is written on: marks, indents, width, numbers.
//!
//! Knows the marks of levels, and nothing else of diagnoses.

use std::fmt::Write;

use anstyle::Style;
use egress_diagnose::finding::{Code, Level};

use super::layout::ReportLayout;
use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Lines are wrapped at this width at most; commands never are, so that they can be copied.
const WIDEST: usize = 80;
/// Narrower than this nothing can be read.
const NARROWEST: usize = 16;

/// The indent of a remedy.
const REMEDY: &str = "    ";

/// Text that grows line by line.
pub(super) struct Page<'a> {
    palette: &'a Palette,
    /// Where text is wrapped.
    width: usize,
    /// The columns of the terminal; none where the text goes elsewhere.
    columns: Option<usize>,
    text: String,
}

/// The mark before a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Unknown,
    /// A finding that an annotation accepts.
    Accepted,
    Wrong(Level),
}

impl<'a> Page<'a> {
    pub(super) fn new(layout: &ReportLayout<'a>) -> Self {
        let columns = layout.columns.map(|columns| columns.max(NARROWEST));
        let width = columns.map_or(WIDEST, |columns| columns.min(WIDEST));
        Page { palette: layout.palette, width, columns, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A title, underlined.
    pub(super) fn title(&mut self, title: &str) {
        let title = wrap(title, self.width);
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
        for (number, line) in wrap(text, self.width - 2).iter().enumerate() {
            let start = if number == 0 { format!("{sign} ") } else { "  ".to_owned() };
            self.line(&format!("{start}{line}"));
        }
    }

    /// The first of several texts that fits on one line behind a mark, longest first. If none fits, the shortest is
    /// wrapped. In a file or a pipe the longest always fits.
    pub(super) fn fitted(&mut self, mark: Mark, texts: &[String]) {
        let room = self.columns.map(|columns| columns - 2);
        let fits = |text: &&String| room.is_none_or(|room| textwrap::core::display_width(text) <= room);
        match (texts.iter().find(fits), texts.last()) {
            (Some(text), _) => {
                let (style, sign) = self.sign(mark);
                self.line(&format!("{} {}", paint(style, sign), escape(text)));
            }
            (None, Some(shortest)) => self.marked(mark, shortest),
            (None, None) => {}
        }
    }

    /// The number of lines so far.
    pub(super) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// How many lines a text behind a mark needs.
    pub(super) fn height(&self, text: &str) -> usize {
        wrap(text, self.width - 2).len()
    }

    /// The remedy for the line before. A command stays on one line.
    pub(super) fn remedy(&mut self, text: &str) {
        if text.contains("kubectl ") { self.verbatim(REMEDY, text) } else { self.wrapped(REMEDY, text) }
    }

    /// How many lines it needs.
    pub(super) fn remedy_height(&self, text: &str) -> usize {
        if text.contains("kubectl ") { 1 } else { wrap(text, self.width - REMEDY.len()).len() }
    }

    /// An indented text.
    pub(super) fn wrapped(&mut self, indent: &str, text: &str) {
        for line in wrap(text, self.width.saturating_sub(indent.len())) {
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
    // A word that is longer than a line, such as the name of a cluster, stays whole, so that it can be searched for.
    let options =
        textwrap::Options::new(width).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

//! Blocks of text: a mark, a place and a speaker in columns, and below it what is said.
//!
//! Every mark is a character of its own and a word, so that nothing hangs on colour.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::Style;
use egress_policy::answer::{Finding, Severity};
use textwrap::{Options, WordSplitter};

use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Sentences are wrapped at this width; what is to be typed or opened never is, so that it can be copied.
const WIDTH: usize = 80;
const INDENT: &str = "    ";

/// How a block is marked, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Denied,
    Undecided,
    Warning,
    Info,
    Exception,
    Asked,
    /// No head of its own.
    Plain,
}

/// Something one policy says about one place.
pub(super) struct Block {
    pub(super) mark: Mark,
    pub(super) place: String,
    author: String,
    lines: Vec<String>,
}

impl Mark {
    pub(super) fn of(severity: Severity) -> Self {
        match severity {
            Severity::Deny => Mark::Denied,
            Severity::Warn => Mark::Warning,
            Severity::Info => Mark::Info,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Mark::Denied => "× denied",
            Mark::Undecided => "× undecided",
            Mark::Warning => "‼ warning",
            Mark::Info => "i info",
            Mark::Exception => "‼ exception",
            Mark::Asked => "? asked",
            Mark::Plain => "",
        }
    }

    fn style(self, palette: &Palette) -> Style {
        match self {
            Mark::Denied | Mark::Undecided => palette.bad,
            Mark::Warning | Mark::Exception => palette.warning,
            Mark::Info | Mark::Asked | Mark::Plain => palette.faint,
        }
    }
}

impl Block {
    pub(super) fn new(mark: Mark, place: String, author: String) -> Self {
        Block { mark, place, author, lines: Vec::new() }
    }

    /// Lines without a head.
    pub(super) fn of_lines(lines: &[String]) -> Self {
        let lines = lines.iter().map(|line| escape(line).into_owned()).collect();
        Block { mark: Mark::Plain, place: String::new(), author: String::new(), lines }
    }

    /// A sentence.
    pub(super) fn words(&mut self, words: &str) {
        let words = escape(words);
        let options = Options::new(WIDTH)
            .initial_indent(INDENT)
            .subsequent_indent("      ")
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        self.lines.extend(textwrap::wrap(&words, options).into_iter().map(Cow::into_owned));
    }

    /// Something with a name, on a line of its own.
    pub(super) fn field(&mut self, name: &str, text: &str) {
        self.lines.push(format!("{INDENT}{name:<4}  {}", escape(text)));
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        let path = finding.path.as_ref().map(|path| format!("  ({path})")).unwrap_or_default();
        self.words(&format!("{}  {}{path}", finding.code, finding.message));
        for (key, value) in &finding.evidence {
            self.field("seen", &format!("{key}: {value}"));
        }
        finding.remediation.iter().for_each(|text| self.field("fix", text));
        finding.docs.iter().for_each(|text| self.field("docs", text));
    }
}

/// The blocks as text, their heads in columns.
pub(super) fn page(blocks: &[Block], palette: &Palette) -> String {
    let widest = |of: &dyn Fn(&Block) -> usize| blocks.iter().map(of).max().unwrap_or_default();
    let mark = widest(&|block| block.mark.text().chars().count());
    let place = widest(&|block| escape(&block.place).chars().count());
    let mut text = String::new();
    for block in blocks {
        if block.mark != Mark::Plain {
            let gap = " ".repeat(mark - block.mark.text().chars().count());
            let word = paint(block.mark.style(palette), block.mark.text());
            // Writing into a String does not fail.
            let _ =
                writeln!(text, "{word}{gap}  {:<place$}   {}", escape(&block.place), escape(&block.author));
        }
        for line in &block.lines {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

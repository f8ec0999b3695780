//! A diagnosis as calm text: a line for each check, and below it what is wrong, what was read and what repairs it.
//!
//! Every mark is a character of its own, so that nothing hangs on colour, and what was not checked never looks like what
//! passed. Knows layout only; what is examined and how is in `egress-diagnose`.

use std::fmt::Write;

use anstyle::Style;
use egress_diagnose::check::{Code, Level};
use egress_diagnose::finding::Finding;
use egress_diagnose::report::{Line, Report, Section, Subject, Summary, Verdict};
use serde_json::Value;

use crate::error::RenderError;
use crate::escape::escape;
use crate::palette::{Palette, paint};

/// Lines are wrapped at this width; commands never are, so that they can be copied.
const WIDTH: usize = 80;

/// The diagnosis as text, with one closing line of counts.
pub fn text(report: &Report, palette: &Palette) -> String {
    let mut page = Page { palette, text: String::new() };
    for section in report.sections.iter().filter(|section| !section.checks.is_empty()) {
        page.section(section);
    }
    for missing in &report.unreadable {
        page.wrapped("", &format!("not read: {}: {}", missing.what, missing.why));
    }
    if !report.unreadable.is_empty() {
        page.text.push('\n');
    }
    page.summary(&report.summary);
    page.text
}

/// The diagnosis as a versioned document.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold it, which its types rule out.
pub fn document(report: &Report) -> Result<Value, RenderError> {
    Ok(serde_json::to_value(report)?)
}

struct Page<'a> {
    palette: &'a Palette,
    text: String,
}

impl Page<'_> {
    fn section(&mut self, section: &Section) {
        let title = wrap(&title(&section.subject), WIDTH);
        for line in &title {
            self.line(&paint(self.palette.heading, line));
        }
        let widest = title.iter().map(|line| line.chars().count()).max().unwrap_or_default();
        self.line(&"-".repeat(widest));
        let mut lines = section.checks.iter().peekable();
        while let Some(line) = lines.next() {
            let Verdict::NotChecked { because, .. } = &line.verdict else {
                self.checked(line);
                continue;
            };
            // One reason is told once, however many checks it keeps from being made.
            let mut codes = vec![line.code];
            while let Some(next) = lines.next_if(|next| is_not_checked_because(next, because)) {
                codes.push(next.code);
            }
            self.not_checked(line.name, &codes, because);
        }
        self.text.push('\n');
    }

    fn checked(&mut self, line: &Line) {
        match &line.verdict {
            Verdict::Passed { seen } => {
                let seen = seen.as_ref().map(|seen| format!(": {seen}")).unwrap_or_default();
                self.marked(self.palette.good, "√", &format!("{} {}{seen}", line.code, line.name));
            }
            Verdict::Failed { findings } => findings.iter().for_each(|finding| self.finding(finding)),
            Verdict::NotChecked { .. } => {}
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let (style, mark) = match finding.level {
            Level::Error => (self.palette.bad, "×"),
            Level::Warning => (self.palette.warning, "‼"),
            Level::Info => (self.palette.faint, "i"),
        };
        self.marked(style, mark, &format!("{} {}", finding.code, finding.message));
        self.wrapped("    ", &finding.object.to_string());
        for fact in &finding.evidence {
            self.wrapped("    ", fact);
        }
        self.wrapped("    ", &format!("so: {}", finding.consequence));
        self.line(&format!("    fix: {}", escape(&finding.fix.command)));
        self.wrapped("         ", &format!("({})", finding.fix.why));
    }

    fn not_checked(&mut self, name: &str, codes: &[Code], because: &str) {
        let what = match codes {
            [code] => format!("{code} {name}"),
            codes => codes.iter().map(Code::to_string).collect::<Vec<_>>().join(" "),
        };
        self.marked(self.palette.faint, "?", &format!("{what}: not checked, because {because}"));
    }

    fn summary(&mut self, summary: &Summary) {
        let Summary { hosts, errors, warnings, infos, passed, not_checked, unreadable: _ } = *summary;
        let mut counts = vec![counted(hosts, "host"), format!("{passed} passed"), counted(errors, "error")];
        counts.push(counted(warnings, "warning"));
        if infos > 0 {
            counts.push(format!("{infos} to know"));
        }
        if not_checked > 0 {
            counts.push(format!("{not_checked} not checked"));
        }
        let (style, mark) = match (errors, warnings, not_checked) {
            (0, 0, 0) => (self.palette.good, "√"),
            (0, 0, _) => (self.palette.faint, "?"),
            (0, _, _) => (self.palette.warning, "‼"),
            _ => (self.palette.bad, "×"),
        };
        self.marked(style, mark, &counts.join(", "));
    }

    fn marked(&mut self, style: Style, mark: &str, text: &str) {
        let mark = paint(style, mark);
        for (number, line) in wrap(text, WIDTH - 2).iter().enumerate() {
            let start = if number == 0 { format!("{mark} ") } else { "  ".to_owned() };
            self.line(&format!("{start}{line}"));
        }
    }

    fn wrapped(&mut self, indent: &str, text: &str) {
        for line in wrap(text, WIDTH - indent.len()) {
            self.line(&format!("{indent}{line}"));
        }
    }

    fn line(&mut self, line: &str) {
        // Writing into a String does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn title(subject: &Subject) -> String {
    match subject {
        Subject::Mesh => "mesh".to_owned(),
        Subject::Gateway { gateway } => format!("gateway {gateway}"),
        Subject::Host { host, namespace, callers, gateway } => {
            let from = match callers.as_slice() {
                [] => String::new(),
                [one] => format!(" from {one}"),
                [one, two] => format!(" from {one} and {two}"),
                [first, rest @ ..] => format!(" from {first} and {} others", rest.len()),
            };
            let gateway = gateway.as_ref().map(|name| format!(" through {name}")).unwrap_or_default();
            let elsewhere = namespace.as_ref().filter(|namespace| !callers.contains(namespace));
            let objects = elsewhere.map(|name| format!(", by objects in {name}")).unwrap_or_default();
            format!("{host}{from}{gateway}{objects}")
        }
    }
}

fn is_not_checked_because(line: &Line, reason: &str) -> bool {
    matches!(&line.verdict, Verdict::NotChecked { because, .. } if because == reason)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = escape(text);
    // A word that is longer than a line, such as a cluster's name, stays whole: it is there to be searched for.
    let options =
        textwrap::Options::new(width).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use egress_diagnose::finding::{Fix, Place};
    use egress_diagnose::report::Reason;

    use super::*;

    fn report(verdict: Verdict, summary: Summary) -> Report {
        let line = Line { code: Code(7), name: "the subset exists", verdict };
        Report {
            api_version: egress_diagnose::report::API_VERSION,
            kind: egress_diagnose::report::KIND,
            sections: vec![Section { subject: Subject::Mesh, checks: vec![line] }],
            unreadable: Vec::new(),
            summary,
        }
    }

    #[test]
    fn what_was_not_checked_has_a_mark_of_its_own_and_its_reason() {
        let verdict =
            Verdict::NotChecked { reason: Reason::Unreadable, because: "pods may not be read".to_owned() };
        let report = report(verdict, Summary { not_checked: 1, unreadable: 1, ..Summary::default() });
        let text = text(&report, &Palette::plain());
        assert!(
            text.contains("? EG007 the subset exists: not checked, because pods may not be read"),
            "{text}"
        );
        assert!(!text.contains('√'), "{text}");
    }

    #[test]
    fn a_text_of_the_cluster_cannot_command_the_terminal() {
        let finding = Finding {
            code: Code(7),
            confidence: egress_diagnose::finding::Confidence::Certain,
            level: Level::Error,
            message: "m\u{1b}[2J".to_owned(),
            object: Place::new("Pod", Some("n\u{9b}"), "p\r").field("f\u{202e}", "v\u{7}"),
            evidence: vec!["e\u{1b}]0;x\u{7}".to_owned()],
            consequence: "c\n\u{1b}".to_owned(),
            fix: Fix { command: "k\u{1b}".to_owned(), why: "w\u{1b}".to_owned() },
        };
        let report = report(Verdict::Failed { findings: vec![finding] }, Summary::default());
        let text = text(&report, &Palette::plain());
        assert!(!text.replace('\n', "").contains(crate::escape::is_hidden), "{text:?}");
    }
}

//! The results of all cases, as text and as a document.
//!
//! Knows how results are shown. Does not decide which case failed.

use std::fmt::Write;

use egress_render::document::API_VERSION;
use egress_render::escape::escape;
use egress_render::palette::{Palette, paint};
use serde_json::{Value, json};

use super::coverage::Coverage;
use super::run::CaseReport;

/// The results of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file, as it was typed.
    pub path: String,
    /// The module, as the file names it.
    pub policy: String,
    /// The cases, in order.
    pub cases: Vec<CaseReport>,
}

/// The coverage of one policy by all files.
#[derive(Clone, Debug)]
pub struct PolicyReport {
    /// Its id, from its descriptor.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its rules.
    pub coverage: Coverage,
}

/// The results of a run.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// The files, in order.
    pub files: Vec<FileReport>,
    /// The policies that were tested.
    pub policies: Vec<PolicyReport>,
    /// Whether a rule that no case covers is a failure.
    pub require_coverage: bool,
}

impl TestReport {
    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        let uncovered = self.policies.iter().any(|policy| !policy.coverage.missing.is_empty());
        self.failed() == 0 && !(self.require_coverage && uncovered)
    }

    /// How many cases there are.
    pub fn cases(&self) -> usize {
        self.files.iter().map(|file| file.cases.len()).sum()
    }

    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.files.iter().flat_map(|file| &file.cases).filter(|case| !case.problems.is_empty()).count()
    }

    /// As text for people.
    pub fn text(&self, palette: &Palette) -> String {
        let mut text = String::new();
        for file in &self.files {
            let _ = writeln!(text, "{}", paint(palette.heading, escape(&file.path)));
            for case in &file.cases {
                one(&mut text, case, palette);
            }
            text.push('\n');
        }
        for policy in &self.policies {
            let Coverage { covered, missing } = &policy.coverage;
            let all = covered.len() + missing.len();
            let _ =
                write!(text, "{} {}: {} of {all} rules covered", policy.id, policy.version, covered.len());
            if !missing.is_empty() {
                let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
                let style = if self.require_coverage { palette.bad } else { palette.warning };
                let _ = write!(text, "; {}", paint(style, format!("no case: {}", missing.join(", "))));
            }
            text.push('\n');
        }
        let failed = self.failed();
        let _ = writeln!(text, "{} passed, {failed} failed", self.cases() - failed);
        text
    }

    /// As a versioned document.
    pub fn document(&self) -> Value {
        let files: Vec<Value> = self.files.iter().map(file).collect();
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|policy| {
                json!({
                    "id": policy.id,
                    "version": policy.version,
                    "coveredRules": policy.coverage.covered,
                    "missingRules": policy.coverage.missing,
                })
            })
            .collect();
        json!({
            "apiVersion": API_VERSION,
            "kind": "PolicyTestReport",
            "passed": self.passed(),
            "files": files,
            "policies": policies,
        })
    }
}

fn one(text: &mut String, case: &CaseReport, palette: &Palette) {
    let fuel = case.cost.fuel.map(|fuel| format!("  {fuel} fuel")).unwrap_or_default();
    let word =
        if case.problems.is_empty() { paint(palette.good, "ok") } else { paint(palette.bad, "FAILED") };
    let _ = writeln!(text, "  {word}  {}{}", escape(&case.name), paint(palette.faint, &fuel));
    for problem in &case.problems {
        let _ = writeln!(text, "      {}", escape(problem));
    }
    if !case.problems.is_empty() {
        for line in &case.cost.log {
            let _ = writeln!(text, "      log: {}", escape(line));
        }
    }
}

fn file(report: &FileReport) -> Value {
    let case = |case: &CaseReport| {
        json!({
            "name": case.name,
            "passed": case.problems.is_empty(),
            "problems": case.problems,
            "fuel": case.cost.fuel,
            "log": case.cost.log,
        })
    };
    json!({
        "path": report.path,
        "policy": report.policy,
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
    })
}

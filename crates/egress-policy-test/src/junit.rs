//! The result of all cases as JUnit's XML, which CI servers read.

use std::io;

use egress_render::junit::{CaseResult, JunitCase, Suite, document};

use super::report::{FileReport, TestReport};

/// One suite for each file. If every rule must be covered, the rules of each policy are a case of the suite `coverage`.
///
/// # Errors
/// None: writing into memory does not fail.
pub fn text(report: &TestReport) -> io::Result<String> {
    let coverage = report.require_coverage.then(|| coverage(report));
    let suites: Vec<Suite> = report.files.iter().map(suite).chain(coverage).collect();
    document(None, &suites)
}

fn suite(file: &FileReport) -> Suite {
    let cases = file.cases.iter().map(|case| JunitCase {
        class: file.path.clone(),
        name: case.name.clone(),
        result: result(case.problems.clone()),
    });
    Suite { name: file.path.clone(), cases: cases.collect() }
}

fn coverage(report: &TestReport) -> Suite {
    let cases = report.policies.iter().map(|policy| {
        let missing = policy.coverage.missing.iter().map(|code| format!("no case produces `{code}`"));
        JunitCase { class: "coverage".to_owned(), name: policy.id.clone(), result: result(missing.collect()) }
    });
    Suite { name: "coverage".to_owned(), cases: cases.collect() }
}

fn result(problems: Vec<String>) -> CaseResult {
    match problems.first() {
        None => CaseResult::Passed(Vec::new()),
        Some(first) => CaseResult::Failed { message: first.clone(), lines: problems },
    }
}

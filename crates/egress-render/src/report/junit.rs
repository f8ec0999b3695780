//! A diagnosis as JUnit's XML: a suite for each check, a case for each cause.
//!
//! A finding at or above the threshold is a failure. What could not be read, and a host that no check can follow, is an error.
//! What was not checked for another reason is skipped. So the server and the exit code agree.

use std::io;

use egress_diagnose::finding::{Cause, Level};
use egress_diagnose::report::{CheckTotals, Reason, Report};

use crate::junit::{CaseResult, JunitCase, Suite, document};

/// The diagnosis; `fail_on` is the lowest level of a failure.
///
/// # Errors
/// None: writing into memory does not fail.
pub fn junit(report: &Report, fail_on: Level) -> io::Result<String> {
    let mut suites: Vec<Suite> = report.checks.iter().map(|check| suite(report, check, fail_on)).collect();
    if !report.unreadable.is_empty() {
        suites.push(reading(report));
    }
    if !report.not_walked.is_empty() {
        suites.push(hosts(report));
    }
    document(Some("kubectl egress diagnose"), &suites)
}

fn suite(report: &Report, check: &CheckTotals, fail_on: Level) -> Suite {
    let class = check.code.to_string();
    let case = |(name, result)| JunitCase { class: class.clone(), name, result };
    let cases = results(report, check, fail_on).into_iter().map(case).collect();
    Suite { name: format!("{} {}", check.code, check.name), cases }
}

/// What could not be read. It is an error where it was given, and skipped where no check needed it.
fn reading(report: &Report) -> Suite {
    let cases = report.unreadable.iter().map(|missing| {
        let result = if report.summary.incomplete { CaseResult::Error } else { CaseResult::Skipped };
        JunitCase {
            class: "reading".to_owned(),
            name: missing.what.clone(),
            result: result(missing.why.clone()),
        }
    });
    Suite { name: "reading".to_owned(), cases: cases.collect() }
}

/// Hosts that no check looked at: an error where diagnose cannot follow their path.
fn hosts(report: &Report) -> Suite {
    let cases = report.not_walked.iter().map(|host| {
        let result = if host.reason.is_limit() { CaseResult::Error } else { CaseResult::Skipped };
        let name = format!("{} in namespace {}", host.host, host.namespace);
        JunitCase { class: "hosts".to_owned(), name, result: result(host.because.to_string()) }
    });
    Suite { name: "hosts".to_owned(), cases: cases.collect() }
}

/// The cases of a check, by name.
fn results(report: &Report, check: &CheckTotals, fail_on: Level) -> Vec<(String, CaseResult)> {
    let mut results = Vec::new();
    if check.passed > 0 {
        results.push((holds(check.passed), CaseResult::Passed(Vec::new())));
    }
    for cause in report.findings.iter().filter(|cause| cause.code == check.code) {
        let fails = !cause.is_accepted() && cause.level >= fail_on;
        let result = if fails {
            CaseResult::Failed { message: cause.message.clone(), lines: told(cause) }
        } else {
            // Wrong, and no failure: accepted, or not bad enough.
            CaseResult::Passed(told(cause))
        };
        results.push((format!("{}: {}", cause.object.object(), cause.message), result));
    }
    for not_checked in report.not_checked.iter().filter(|not_checked| not_checked.codes.contains(&check.code))
    {
        let result = match not_checked.reason {
            Reason::Unreadable => CaseResult::Error,
            Reason::Blocked | Reason::NoEvidence | Reason::NotGiven => CaseResult::Skipped,
        };
        results.push((not_checked.because.clone(), result(not_checked.because.clone())));
    }
    if report.findings.iter().any(|cause| cause.not_checked.contains(&check.code)) {
        let result = CaseResult::Skipped("the path is broken before this".to_owned());
        results.push(("behind what is broken".to_owned(), result));
    }
    results
}

fn holds(times: usize) -> String {
    if times == 1 { "holds".to_owned() } else { format!("holds for {times}") }
}

fn told(cause: &Cause) -> Vec<String> {
    let mut lines = vec![format!("{} {}", cause.code, cause.message), cause.object.to_string()];
    lines.extend(cause.evidence.iter().cloned());
    lines.push(format!("so: {}", cause.consequence));
    lines.push(format!("fix: {}", cause.fix.command));
    lines.push(format!("({})", cause.fix.why));
    if let (Some(acceptance), true) = (&cause.accepted, cause.is_accepted()) {
        lines.push(format!("accepted: {}", acceptance.reason));
    }
    lines
}

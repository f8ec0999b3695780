//! A diagnosis as JUnit's XML, which CI servers read: a suite for each check, a case for each cause.
//!
//! A finding at or above the threshold is a failure. What could not be read, and a host that no check can follow, is
//! an error. What was not checked for another reason is skipped. So the server and the exit code agree.

use std::io;

use egress_diagnose::finding::Cause;
use egress_diagnose::finding::{Code, Level};
use egress_diagnose::report::{CheckTotals, NotChecked, Reason, Report};
use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::escape::escape;

type XmlWriter = Writer<Vec<u8>>;

/// The diagnosis; `fail_on` is the lowest level of a failure.
///
/// # Errors
/// None: writing into memory does not fail.
pub fn junit(report: &Report, fail_on: Level) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer
        .create_element("testsuites")
        .with_attribute(("name", "kubectl egress diagnose"))
        .write_inner_content(|writer| {
            report.checks.iter().try_for_each(|check| suite(writer, report, check, fail_on))?;
            if !report.unreadable.is_empty() {
                reading(writer, report)?;
            }
            if report.not_walked.is_empty() { Ok(()) } else { hosts(writer, report) }
        })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.insert_str(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push('\n');
    Ok(text)
}

/// One case.
struct Case<'a> {
    name: String,
    outcome: CaseResult<'a>,
}

enum CaseResult<'a> {
    Passed,
    Failed(&'a Cause),
    /// A finding that is no failure: accepted, or below the threshold.
    Told(&'a Cause),
    Unreadable(&'a NotChecked),
    Skipped(&'a str),
}

fn suite(writer: &mut XmlWriter, report: &Report, check: &CheckTotals, fail_on: Level) -> io::Result<()> {
    let cases = cases(report, check, fail_on);
    let count = |wanted: fn(&CaseResult<'_>) -> bool| {
        cases.iter().filter(|case| wanted(&case.outcome)).count().to_string()
    };
    let attributes = [
        ("name", format!("{} {}", check.code, check.name)),
        ("tests", cases.len().to_string()),
        ("failures", count(|outcome| matches!(outcome, CaseResult::Failed(_)))),
        ("errors", count(|outcome| matches!(outcome, CaseResult::Unreadable(_)))),
        ("skipped", count(|outcome| matches!(outcome, CaseResult::Skipped(_)))),
    ];
    let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
    let suite = writer.create_element("testsuite").with_attributes(attributes);
    suite.write_inner_content(|writer| cases.iter().try_for_each(|case| write(writer, check.code, case)))?;
    Ok(())
}

/// Facts that could not be read: an error if they were part of the input, skipped if no check needed them.
fn reading(writer: &mut XmlWriter, report: &Report) -> io::Result<()> {
    let kind = if report.summary.incomplete { "error" } else { "skipped" };
    let cases = report.unreadable.iter().map(|missing| (kind, missing.what.clone(), missing.why.as_str()));
    suite_of(writer, "reading", &cases.collect::<Vec<_>>())
}

/// Hosts that no check looked at: an error where diagnose cannot follow their path.
fn hosts(writer: &mut XmlWriter, report: &Report) -> io::Result<()> {
    let cases = report.not_walked.iter().map(|host| {
        let kind = if host.reason.is_limit() { "error" } else { "skipped" };
        (kind, format!("{} in namespace {}", host.host, host.namespace), host.because)
    });
    suite_of(writer, "hosts", &cases.collect::<Vec<_>>())
}

/// A suite of cases that belong to no check: the result of each, its name, and why.
fn suite_of(writer: &mut XmlWriter, name: &str, cases: &[(&str, String, &str)]) -> io::Result<()> {
    let count = |wanted: &str| cases.iter().filter(|(kind, ..)| *kind == wanted).count().to_string();
    let attributes = [
        ("name", name.to_owned()),
        ("tests", cases.len().to_string()),
        ("failures", "0".to_owned()),
        ("errors", count("error")),
        ("skipped", count("skipped")),
    ];
    let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
    writer.create_element("testsuite").with_attributes(attributes).write_inner_content(|writer| {
        cases.iter().try_for_each(|(kind, case, why)| {
            let (case, why) = (escape(case), escape(why));
            let element = writer.create_element("testcase");
            let element = element.with_attributes([("classname", name), ("name", case.as_ref())]);
            let write = |writer: &mut XmlWriter| {
                let outcome = writer.create_element(*kind).with_attribute(("message", why.as_ref()));
                outcome.write_empty().map(|_| ())
            };
            element.write_inner_content(write).map(|_| ())
        })
    })?;
    Ok(())
}

fn cases<'a>(report: &'a Report, check: &CheckTotals, fail_on: Level) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    if check.passed > 0 {
        cases.push(Case { name: holds(check.passed), outcome: CaseResult::Passed });
    }
    for cause in report.findings.iter().filter(|cause| cause.code == check.code) {
        let fails = !cause.is_accepted() && cause.level >= fail_on;
        let outcome = if fails { CaseResult::Failed(cause) } else { CaseResult::Told(cause) };
        cases.push(Case { name: format!("{}: {}", cause.object.object(), cause.message), outcome });
    }
    for not_checked in report.not_checked.iter().filter(|not_checked| not_checked.codes.contains(&check.code))
    {
        let outcome = match not_checked.reason {
            Reason::Unreadable => CaseResult::Unreadable(not_checked),
            Reason::Blocked | Reason::NoEvidence | Reason::NotGiven => {
                CaseResult::Skipped(&not_checked.because)
            }
        };
        cases.push(Case { name: not_checked.because.clone(), outcome });
    }
    if report.findings.iter().any(|cause| cause.not_checked.contains(&check.code)) {
        let name = "behind what is broken".to_owned();
        cases.push(Case { name, outcome: CaseResult::Skipped("the path is broken before this") });
    }
    cases
}

fn holds(times: usize) -> String {
    if times == 1 { "holds".to_owned() } else { format!("holds for {times}") }
}

fn write(writer: &mut XmlWriter, code: Code, Case { name, outcome }: &Case<'_>) -> io::Result<()> {
    let (class, name) = (code.to_string(), escape(name));
    let attributes = [("classname", class.as_str()), ("name", name.as_ref())];
    let element = writer.create_element("testcase").with_attributes(attributes);
    let (kind, message, text) = match outcome {
        CaseResult::Passed => return element.write_empty().map(|_| ()),
        CaseResult::Failed(cause) => ("failure", cause.message.as_str(), told(cause)),
        CaseResult::Told(cause) => {
            let text = told(cause);
            let write = |writer: &mut XmlWriter| {
                writer.create_element("system-out").write_text_content(BytesText::new(&text)).map(|_| ())
            };
            return element.write_inner_content(write).map(|_| ());
        }
        CaseResult::Unreadable(not_checked) => ("error", not_checked.because.as_str(), String::new()),
        CaseResult::Skipped(why) => ("skipped", *why, String::new()),
    };
    let message = escape(message);
    element.write_inner_content(|writer| {
        let outcome = writer.create_element(kind).with_attribute(("message", message.as_ref()));
        if text.is_empty() {
            outcome.write_empty()
        } else {
            outcome.write_text_content(BytesText::new(&text))
        }
        .map(|_| ())
    })?;
    Ok(())
}

fn told(cause: &Cause) -> String {
    let mut lines = vec![format!("{} {}", cause.code, cause.message), cause.object.to_string()];
    lines.extend(cause.evidence.iter().cloned());
    lines.push(format!("so: {}", cause.consequence));
    lines.push(format!("fix: {}", cause.fix.command));
    lines.push(format!("({})", cause.fix.why));
    if let (Some(acceptance), true) = (&cause.accepted, cause.is_accepted()) {
        lines.push(format!("accepted: {}", acceptance.reason));
    }
    lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("\n")
}

//! Exceptions from what a policy denies: all of its denials of a destination are covered, or none is lifted.

use jiff::Timestamp;

use super::ask::Answer;
use crate::answer::Severity;
use crate::exception::{Exception, ExceptionStatus, ExceptionUse};
use crate::request::Request;

/// Lifts the denials that are covered, and tells of every exception that is about one.
pub(super) fn apply_exceptions(
    answer: &mut Answer,
    exceptions: &[Exception],
    request: &Request,
    now: Option<Timestamp>,
) -> Vec<ExceptionUse> {
    let mut uses = Vec::new();
    if exceptions.is_empty() {
        return uses;
    }
    for index in 0..request.destinations.len() {
        let met = met(answer, exceptions, request, index, now);
        let covered = denials(answer, index).all(|code| {
            let holds =
                |met: &&ExceptionUse| met.exception.code == code && met.status == ExceptionStatus::Holds;
            met.iter().any(|met| holds(&met))
        });
        if covered && !met.is_empty() {
            answer.excepted.insert(index);
        }
        uses.extend(met);
    }
    to_warnings(answer, &uses, request.destinations.len());
    uses
}

/// The codes of what stands against a destination.
fn denials(answer: &Answer, index: usize) -> impl Iterator<Item = &str> {
    let findings = answer.report.findings.iter();
    let against = findings.filter(move |found| {
        found.finding.severity == Severity::Deny && found.destination.is_none_or(|about| about == index)
    });
    against.map(|found| found.finding.code.as_str())
}

fn met(
    answer: &Answer,
    exceptions: &[Exception],
    request: &Request,
    index: usize,
    now: Option<Timestamp>,
) -> Vec<ExceptionUse> {
    let Some(destination) = request.destinations.get(index) else { return Vec::new() };
    let of = &answer.report.by;
    let met = exceptions.iter().filter_map(|exception| {
        let status = denials(answer, index).find_map(|code| exception.status(code, of, destination, now))?;
        Some(ExceptionUse { exception: exception.clone(), index, of: of.clone(), status })
    });
    met.collect()
}

/// Makes warnings of the denials that no longer deny anything, each with the exception's own words.
fn to_warnings(answer: &mut Answer, uses: &[ExceptionUse], count: usize) {
    let excepted = &answer.excepted;
    for found in &mut answer.report.findings {
        let harmless = match found.destination {
            Some(index) => excepted.contains(&index),
            None => excepted.len() == count,
        };
        if found.finding.severity != Severity::Deny || !harmless {
            continue;
        }
        let lifting = |met: &&ExceptionUse| {
            met.status == ExceptionStatus::Holds
                && met.exception.code == found.finding.code
                && found.destination.is_none_or(|about| about == met.index)
        };
        if let Some(met) = uses.iter().find(lifting) {
            let Exception { until, approved_by, reason, .. } = &met.exception;
            found.finding.severity = Severity::Warn;
            found.finding.message = format!(
                "{} (allowed by exception until {until}, approved by {approved_by}: {reason})",
                found.finding.message
            );
        }
    }
}

//! Exceptions from what a policy denies: all of its denials of a destination are covered, or none is lifted.

use jiff::Timestamp;

use super::ExceptionUse;
use super::ask::Answer;
use crate::answer::Severity;
use crate::exception::{Exception, Standing};
use crate::request::Request;

/// Lifts the denials that are covered, and tells of every exception that is about one.
pub(super) fn excuse(
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
            let holds = |met: &&ExceptionUse| met.exception.code == code && met.standing == Standing::Holds;
            met.iter().any(|met| holds(&met))
        });
        if covered && !met.is_empty() {
            answer.excused.insert(index);
        }
        uses.extend(met);
    }
    soften(answer, &uses, request.destinations.len());
    uses
}

/// The codes of what stands against a destination.
fn denials(answer: &Answer, index: usize) -> impl Iterator<Item = &str> {
    let findings = answer.report.findings.iter();
    let against = findings.filter(move |remark| {
        remark.finding.severity == Severity::Deny && remark.destination.is_none_or(|about| about == index)
    });
    against.map(|remark| remark.finding.code.as_str())
}

fn met(
    answer: &Answer,
    exceptions: &[Exception],
    request: &Request,
    index: usize,
    now: Option<Timestamp>,
) -> Vec<ExceptionUse> {
    let Some(destination) = request.destinations.get(index) else { return Vec::new() };
    let of = &answer.report.author;
    let met = exceptions.iter().filter_map(|exception| {
        let standing =
            denials(answer, index).find_map(|code| exception.standing(code, of, destination, now))?;
        Some(ExceptionUse { exception: exception.clone(), index, of: of.clone(), standing })
    });
    met.collect()
}

/// Makes warnings of the denials that no longer deny anything, each with the exception's own words.
fn soften(answer: &mut Answer, uses: &[ExceptionUse], count: usize) {
    let excused = &answer.excused;
    for remark in &mut answer.report.findings {
        let harmless = match remark.destination {
            Some(index) => excused.contains(&index),
            None => excused.len() == count,
        };
        if remark.finding.severity != Severity::Deny || !harmless {
            continue;
        }
        let lifting = |met: &&ExceptionUse| {
            met.standing == Standing::Holds
                && met.exception.code == remark.finding.code
                && remark.destination.is_none_or(|about| about == met.index)
        };
        if let Some(met) = uses.iter().find(lifting) {
            let Exception { until, approved_by, reason, .. } = &met.exception;
            remark.finding.severity = Severity::Warn;
            remark.finding.message = format!(
                "{} (allowed by exception until {until}, approved by {approved_by}: {reason})",
                remark.finding.message
            );
        }
    }
}

//! Tries fixes in memory: the cluster is examined again as it would be after them.
//!
//! A fix that does not mend its fault, or after which calls end that worked before, is not proposed. A fix whose objects
//! are not kept whole, or whose effect nobody can compute, stays as it is: not every fix that is printed was tried.

use egress_core::command::ShellCommand;
use egress_core::istio::call::Call;

use self::trial::{TrialResult, Trials};
use super::Options;
use crate::facts::{ClusterFacts, Request};
use crate::finding::{Candidates, Cause, Finding, Fix, ObjectChange};
use crate::fixes::one_after_the_other;
use crate::report::Report;

mod trial;
mod working_calls;

/// In a cluster with more objects of Istio, fixes are tried only for hosts that are asked for by name.
const MOST_OBJECTS: usize = 10_000;

/// This many objects are read at most to try the fixes of one diagnosis, and this many fixes are tried.
const MOST_READ: usize = 20_000;
const MOST_TRIED: usize = 40;

/// This many fixes may follow one that mends its fault and causes another.
const MOST_FOLLOWING: usize = 2;

/// Tries the fix of each cause: a cause of many hosts is tried once. Where a fix fails, the object that it would change is
/// shown instead.
pub(super) fn try_fixes(facts: &ClusterFacts, request: &Request, options: &Options, report: &mut Report) {
    let objects = facts.snapshot.resources.len().max(1);
    let is_tried = |cause: &Cause| cause.fix.changes.is_some() || !cause.fix.candidates.fixes.is_empty();
    if (objects > MOST_OBJECTS && request.hosts.is_empty()) || !report.findings.iter().any(is_tried) {
        return;
    }
    let trials = Trials::of(facts, request, options, report);
    let mut left = (MOST_READ / objects).clamp(1, MOST_TRIED);
    for cause in report.findings.iter_mut().filter(|cause| is_tried(cause)) {
        if left == 0 {
            return;
        }
        let Candidates { fixes, calls } = std::mem::take(&mut cause.finding.fix.candidates);
        if cause.fix.changes.is_some() {
            left -= 1;
            match mending(&trials, cause, cause.fix.clone(), &[]) {
                Mending::Fix(fix) => cause.finding.fix = fix,
                Mending::Unknown => {}
                Mending::None(failure) => {
                    let failure = failure.unwrap_or_else(|| "this fault stays".to_owned());
                    let changes = cause.fix.changes.clone().unwrap_or_default();
                    give_up(&mut cause.finding, &changes, &failure);
                }
            }
        }
        let mut told = None;
        let is_typed = |fix: &Fix| fix.changes.is_some() && fix.command.as_text().is_some();
        for candidate in fixes.into_iter().take(left).filter(is_typed) {
            left -= 1;
            match mending(&trials, cause, candidate.clone(), &calls) {
                Mending::Fix(fix) => {
                    (cause.finding.fix, told) = (fix, None);
                    break;
                }
                Mending::None(Some(failure)) => {
                    told = told.or_else(|| tried(candidate.changes.as_deref()?, &failure));
                }
                Mending::None(None) | Mending::Unknown => {}
            }
        }
        cause.finding.evidence.extend(told);
    }
}

/// What became of a fix that was tried.
enum Mending {
    /// It mends, alone or with others after it.
    Fix(Fix),
    /// It does not, and why if something else than the fault stands in its way.
    None(Option<String>),
    /// Nobody knows.
    Unknown,
}

/// Tries a fix. Where it mends its fault and causes another one, the fix of that one is tried after it: a port that moves is
/// to be opened in a NetworkPolicy as well.
fn mending(trials: &Trials<'_>, cause: &Cause, mut fix: Fix, wanted: &[Call]) -> Mending {
    for following in (0..=MOST_FOLLOWING).rev() {
        let changes = fix.changes.as_deref().unwrap_or_default();
        match trials.prove(cause, changes, wanted) {
            TrialResult::Mends => return Mending::Fix(fix),
            TrialResult::Unknown => return Mending::Unknown,
            TrialResult::Causes { fix: next, .. } if following > 0 && next.changes.is_some() => {
                let why = format!("{}; and {}", fix.why, next.why);
                fix = one_after_the_other(fix, [next], &why);
            }
            TrialResult::Stays => return Mending::None(None),
            TrialResult::Causes { failure, .. } | TrialResult::Fails(failure) => {
                return Mending::None(Some(failure));
            }
        }
    }
    Mending::Unknown
}

/// Replaces a fix that fails by a look at the object that it would change.
fn give_up(finding: &mut Finding, changes: &[ObjectChange], failure: &str) {
    let Some(ObjectChange { kind, namespace, name, .. }) = changes.first() else { return };
    finding.evidence.extend(tried(changes, failure));
    finding.fix = Fix {
        command: ShellCommand::show(kind, name, namespace),
        why: "shows the object that decides; what stands in the way is named above".to_owned(),
        changes: None,
        candidates: Candidates::default(),
    };
}

/// What is said of a change that was tried and is not proposed.
fn tried(changes: &[ObjectChange], failure: &str) -> Option<String> {
    let ObjectChange { kind, name, .. } = changes.first()?;
    Some(format!("the usual change of {kind}/{name} was tried in memory: {failure}"))
}

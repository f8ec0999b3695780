//! Tries fixes in memory: the cluster is examined again as it would be after them.
//!
//! A fix that does not mend its fault, or after which calls end that worked before, is not proposed. A fix whose objects
//! are not kept whole, or whose effect nobody can compute, stays as it is: not every fix that is printed was tried.

use egress_core::command::ShellCommand;

use self::trial::{TrialResult, Trials};
use super::Options;
use crate::facts::{ClusterFacts, Request};
use crate::finding::{Candidates, Cause, Finding, Fix, ObjectChange};
use crate::report::Report;

mod trial;
mod working_calls;

/// In a cluster with more objects of Istio, fixes are tried only for hosts that are asked for by name.
const MOST_OBJECTS: usize = 10_000;

/// This many objects are read at most to try the fixes of one diagnosis, and this many fixes are tried.
const MOST_READ: usize = 20_000;
const MOST_TRIED: usize = 40;

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
        if let Some(changes) = cause.fix.changes.clone() {
            left -= 1;
            if let TrialResult::Fails(failure) = trials.prove(cause, &changes, &[]) {
                give_up(&mut cause.finding, &changes, &failure);
            }
        }
        let Candidates { fixes, calls } = std::mem::take(&mut cause.finding.fix.candidates);
        for candidate in fixes.into_iter().take(left) {
            left -= 1;
            let changes = candidate.changes.as_deref().filter(|_| candidate.command.as_text().is_some());
            if changes.is_some_and(|changes| trials.prove(cause, changes, &calls) == TrialResult::Mends) {
                cause.finding.fix = candidate;
                break;
            }
        }
    }
}

/// Replaces a fix that fails by a look at the object that it would change.
fn give_up(finding: &mut Finding, changes: &[ObjectChange], failure: &str) {
    let Some(ObjectChange { kind, namespace, name, .. }) = changes.first() else { return };
    finding.evidence.push(format!("the usual change of {kind}/{name} was tried in memory: {failure}"));
    finding.fix = Fix {
        command: ShellCommand::show(kind, name, namespace),
        why: "shows the object that decides; what stands in the way is named above".to_owned(),
        changes: None,
        candidates: Candidates::default(),
    };
}

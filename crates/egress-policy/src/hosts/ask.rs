//! Asks one policy about a request, and checks that the answer is one to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Reply;
use crate::answer::{Decision, EvaluationError, Finding, Severity, Verdict};
use crate::descriptor::Hook;
use crate::policy_set::LoadedPolicy;
use crate::report::{Report, Status};
use crate::request::Request;

/// What one policy said.
pub(super) struct Answer {
    /// Its words.
    pub(super) report: Report,
    /// Its rulings, by destination.
    pub(super) rulings: BTreeMap<usize, Ruled>,
    /// The destinations whose denials are lifted by exceptions.
    pub(super) excepted: BTreeSet<usize>,
}

/// A ruling, without its words.
pub(super) struct Ruled {
    pub(super) decision: Decision,
    pub(super) routes: Vec<String>,
    pub(super) layouts: Vec<String>,
}

impl Answer {
    /// Against which of the destinations a denial stands: one of its own, or one of the whole request.
    pub(super) fn denied(&self, count: usize) -> Vec<bool> {
        let denials = || self.report.findings.iter().filter(|found| found.finding.severity == Severity::Deny);
        let mut denied = vec![denials().any(|found| found.destination.is_none()); count];
        for index in denials().filter_map(|found| found.destination) {
            denied.get_mut(index).into_iter().for_each(|denied| *denied = true);
        }
        for index in &self.excepted {
            denied.get_mut(*index).into_iter().for_each(|denied| *denied = false);
        }
        denied
    }

    /// What it comes to for a destination: nothing is an abstention, and an exception is an allowance.
    pub(super) fn decision(&self, index: usize) -> Decision {
        if self.excepted.contains(&index) {
            return Decision::Allow;
        }
        self.rulings.get(&index).map(|ruled| ruled.decision).unwrap_or_default()
    }
}

pub(super) fn ask(loaded: &LoadedPolicy, request: &Request) -> Answer {
    let needs = &loaded.policy.descriptor().needs;
    let Reply { result, log, fuel } = loaded.policy.decide(&request.for_policy(needs, &loaded.settings));
    let report = Report { log, fuel, ..loaded.report(Hook::Hosts) };
    let mut answer = Answer { report, rulings: BTreeMap::new(), excepted: BTreeSet::new() };
    match result.and_then(|verdict| checked(verdict, request)) {
        Ok(verdict) => take(&mut answer, verdict, request),
        Err(fault) => answer.report.fault = Some(fault),
    }
    answer
}

fn checked(verdict: Verdict, request: &Request) -> Result<Verdict, EvaluationError> {
    let count = request.destinations.len();
    let mut seen = vec![false; count];
    for ruling in &verdict.rulings {
        let index = usize::try_from(ruling.destination).unwrap_or(usize::MAX);
        match seen.get_mut(index) {
            None => {
                let message =
                    format!("it rules about destination {index}; the request has {count}, counted from 0");
                return Err(EvaluationError::BadAnswer(message));
            }
            Some(true) => {
                return Err(EvaluationError::BadAnswer(format!("it rules twice about destination {index}")));
            }
            Some(seen) => *seen = true,
        }
    }
    Ok(verdict)
}

fn take(answer: &mut Answer, verdict: Verdict, request: &Request) {
    answer.report.trace = verdict.trace;
    for finding in verdict.findings {
        answer.report.add_finding(None, finding);
    }
    let whole = answer.report.status() == Status::Denied;
    for ruling in verdict.rulings {
        let index = usize::try_from(ruling.destination).unwrap_or(usize::MAX);
        let decision = ruling.decision;
        let said = ruling.findings.iter().any(|finding| finding.severity == Severity::Deny);
        for finding in ruling.findings {
            answer.report.add_finding(Some(index), finding);
        }
        // A bare "deny" gets the words that it owes, so that whoever reads the refusal knows that none were held back.
        if decision == Decision::Deny && !said && !whole {
            let host = request.destinations.get(index).map(|destination| destination.host.as_str());
            let message = format!("{} is denied; the policy gives no reason", host.unwrap_or_default());
            let path = format!("destinations[{index}]");
            answer.report.add_finding(Some(index), Finding::at(path, "denied", Severity::Deny, message));
        }
        answer.rulings.insert(index, Ruled { decision, routes: ruling.routes, layouts: ruling.layouts });
    }
}

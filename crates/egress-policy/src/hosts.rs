//! Which destinations may be reached: everybody is asked, one denial denies, and nothing is allowed by failure.
//!
//! Knows composition. What a policy looks at is its own matter.

mod ask;
mod demand;
mod exceptions;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

use self::ask::Answer;
use super::answer::Decision;
use super::descriptor::Hook;
use super::exception::ExceptionUse;
use super::policy_set::{Effect, Layer, PolicySet};
use super::report::{PolicyRef, Report, Status};
use super::request::{Destination, Request};

/// What all answers come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// One for each destination of the request, in its order.
    pub outcomes: Vec<DestinationDecision>,
    /// One for each policy that was asked, those of the highest layer first.
    pub reports: Vec<Report>,
    /// Every exception that is about a denial, whether it holds or not.
    pub exceptions: Vec<ExceptionUse>,
    /// What happens where all abstain.
    pub default: Effect,
    /// Which layer says so; `None`: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_by: Option<Layer>,
}

/// What all policies together decide about one destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationDecision {
    /// The destination.
    pub destination: Destination,
    /// What is decided.
    pub status: Status,
    /// Who decided so; nobody: the default.
    pub by: Vec<PolicyRef>,
}

impl Evaluation {
    /// What the evaluation comes to as a whole: the worst of its destinations.
    pub fn status(&self) -> Status {
        self.outcomes.iter().map(|outcome| outcome.status).max().unwrap_or_default()
    }
}

/// Asks everybody who judges what the request wants to do.
///
/// A policy that could not decide leaves every destination undecided that no other one denies: a denial stays one
/// whatever the broken policy would have said, so it is what the user is told first. Neither is ever allowed.
///
/// `now` is for exceptions, and shown to no policy: those that need the time find it in the request. Without it no
/// exception holds.
pub fn decide(policies: &PolicySet, request: &Request, now: Option<Timestamp>) -> Evaluation {
    let asked = policies.with_hook(Hook::Hosts).filter(|loaded| {
        // Before something is removed only those are asked who want to be.
        loaded.policy.descriptor().judges(&request.verb)
    });
    let mut answers: Vec<Answer> = asked.map(|loaded| ask::ask(loaded, request)).collect();
    let removes = request.verb == "remove";
    if !removes {
        demand::check(&mut answers, request);
    }
    let mut exceptions = Vec::new();
    for answer in &mut answers {
        exceptions.extend(exceptions::apply_exceptions(answer, &policies.exceptions, request, now));
    }
    // What nobody forbids may always be removed: the default is about what may be reached.
    let (default, default_by) =
        if removes { (Effect::Allow, None) } else { (policies.default, policies.default_by) };
    let denied: Vec<Vec<bool>> =
        answers.iter().map(|answer| answer.denied(request.destinations.len())).collect();
    let outcomes = request.destinations.iter().enumerate().map(|(index, destination)| {
        let views = answers.iter().zip(&denied).map(|(answer, denied)| View {
            policy: &answer.report.by,
            denies: denied.get(index) == Some(&true),
            is_broken: answer.report.fault.is_some(),
            // What a higher layer leaves closed, no lower one opens.
            allows: answer.decision(index) == Decision::Allow
                && (default == Effect::Allow
                    || default_by.is_none_or(|layer| answer.report.by.layer >= layer)),
        });
        let (status, by) = outcome(&views.collect::<Vec<_>>(), default);
        DestinationDecision { destination: destination.clone(), status, by }
    });
    let outcomes = outcomes.collect();
    let reports = answers.into_iter().map(|answer| answer.report).collect();
    Evaluation { outcomes, reports, exceptions, default, default_by }
}

/// How one policy sees one destination.
struct View<'a> {
    policy: &'a PolicyRef,
    denies: bool,
    is_broken: bool,
    allows: bool,
}

fn outcome(views: &[View<'_>], default: Effect) -> (Status, Vec<PolicyRef>) {
    let who = |says: fn(&View<'_>) -> bool| -> Vec<PolicyRef> {
        views.iter().filter(|view| says(view)).map(|view| view.policy.clone()).collect()
    };
    let denying = who(|view| view.denies);
    let broken = who(|view| view.is_broken);
    let allowing = who(|view| view.allows);
    match default {
        _ if !denying.is_empty() => (Status::Denied, denying),
        _ if !broken.is_empty() => (Status::Undecided, broken),
        _ if !allowing.is_empty() => (Status::Allowed, allowing),
        Effect::Allow => (Status::Allowed, Vec::new()),
        Effect::Deny => (Status::Denied, Vec::new()),
    }
}

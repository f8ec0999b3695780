//! Which destinations may be reached: everybody is asked, one denial denies, and nothing is allowed by failure.
//!
//! Knows composition. What a policy looks at is its own matter.

mod ask;
mod demand;
mod excuse;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

use self::ask::Answer;
use super::answer::{Decision, Finding, Severity};
use super::descriptor::Hook;
use super::exception::{Exception, Standing};
use super::member::{Assembly, Effect, Layer};
use super::report::{Author, Report, Status};
use super::request::{Destination, Request};

/// What all answers come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// One for each destination of the request, in its order.
    pub outcomes: Vec<Outcome>,
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

/// What the answers come to for one destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The destination.
    pub destination: Destination,
    /// What is decided.
    pub status: Status,
    /// Who decided so; nobody: the default.
    pub by: Vec<Author>,
}

/// An exception that is about a denial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionUse {
    /// The exception.
    #[serde(flatten)]
    pub exception: Exception,
    /// Index into the request's destinations.
    pub index: usize,
    /// Whose denial.
    pub of: Author,
    /// What it does.
    pub standing: Standing,
}

impl Judgement {
    /// What the judgement comes to as a whole: the worst of its destinations.
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
pub fn decide(assembly: &Assembly, request: &Request, now: Option<Timestamp>) -> Judgement {
    let asked = assembly.with_hook(Hook::Hosts).filter(|member| {
        // Before something is removed only those are asked who want to be.
        member.policy.descriptor().judges(&request.verb)
    });
    let mut answers: Vec<Answer> = asked.map(|member| ask::ask(member, request)).collect();
    let removes = request.verb == "remove";
    if !removes {
        demand::check(&mut answers, request);
    }
    let mut exceptions = Vec::new();
    for answer in &mut answers {
        exceptions.extend(excuse::excuse(answer, &assembly.exceptions, request, now));
    }
    // What nobody forbids may always be removed: the default is about what may be reached.
    let (default, default_by) =
        if removes { (Effect::Allow, None) } else { (assembly.default, assembly.default_by) };
    let denied: Vec<Vec<bool>> =
        answers.iter().map(|answer| answer.denied(request.destinations.len())).collect();
    let outcomes = request.destinations.iter().enumerate().map(|(index, destination)| {
        let views = answers.iter().zip(&denied).map(|(answer, denied)| View {
            author: &answer.report.author,
            denies: denied.get(index) == Some(&true),
            is_broken: answer.report.fault.is_some(),
            // What a higher layer leaves closed, no lower one opens.
            allows: answer.decision(index) == Decision::Allow
                && (default == Effect::Allow
                    || default_by.is_none_or(|layer| answer.report.author.layer >= layer)),
        });
        let (status, by) = outcome(&views.collect::<Vec<_>>(), default);
        Outcome { destination: destination.clone(), status, by }
    });
    let outcomes = outcomes.collect();
    let reports = answers.into_iter().map(|answer| answer.report).collect();
    Judgement { outcomes, reports, exceptions, default, default_by }
}

/// How one policy sees one destination.
struct View<'a> {
    author: &'a Author,
    denies: bool,
    is_broken: bool,
    allows: bool,
}

fn outcome(views: &[View<'_>], default: Effect) -> (Status, Vec<Author>) {
    let who = |says: fn(&View<'_>) -> bool| -> Vec<Author> {
        views.iter().filter(|view| says(view)).map(|view| view.author.clone()).collect()
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

/// A finding of ours about what a policy said.
fn own_finding(code: &str, message: String, path: String) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Deny,
        message,
        path: Some(path),
        remediation: None,
        docs: None,
        evidence: std::collections::BTreeMap::new(),
    }
}

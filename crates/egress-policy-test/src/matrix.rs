//! Compares two versions of a policy: lists the cases with different answers.
//!
//! For reviewers, before an update. Expectations are ignored, so no case fails.

use egress_policy::Policy;
use egress_policy::answer::{Finding, PinAnswer};
use egress_policy::request::Request;
use serde::Serialize;

use super::ask::{Seen, ask};
use super::expect::decision_word;
use super::pin;
use super::slots::{slots, word};

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerDifference {
    /// The file of the case.
    pub path: String,
    /// The case.
    pub case: String,
    /// What differs: `decision`, `findings`, `names`, `pin` or `fault`.
    pub what: &'static str,
    /// The answer of the old version.
    pub old: String,
    /// The answer of the new version.
    pub new: String,
}

/// The differences between the answers to one request.
pub fn differences(
    (old, new): (&dyn Policy, &dyn Policy),
    (path, case): (&str, &str),
    request: &Request,
    settings: &str,
) -> Vec<AnswerDifference> {
    let said = |policy| summary(request, &ask(policy, request, &slots(request), settings).0);
    let pairs = said(old).into_iter().zip(said(new));
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((what, old), (_, new))| AnswerDifference {
            path: path.to_owned(),
            case: case.to_owned(),
            what,
            old,
            new,
        })
        .collect()
}

/// All answers as texts, to compare and to print.
fn summary(request: &Request, seen: &Seen) -> [(&'static str, String); 5] {
    let decisions = seen.decisions(request.destinations.len()).into_iter().map(decision_word);
    let findings = seen.findings().into_iter().map(finding);
    let faults = seen.faults().into_iter().map(ToString::to_string);
    [
        ("decision", joined(decisions.map(str::to_owned))),
        ("findings", joined(findings)),
        ("names", joined(names(request, seen).into_iter())),
        ("pin", pinned(request, seen)),
        ("fault", joined(faults)),
    ]
}

fn finding(finding: &Finding) -> String {
    format!("{} {}", finding.severity, finding.code)
}

fn names(request: &Request, seen: &Seen) -> Vec<String> {
    let Some(Ok(answer)) = &seen.naming else { return Vec::new() };
    let slots = slots(request);
    let name = |slot| answer.names.iter().find(|name| name.slot == slot);
    slots.iter().filter_map(|slot| Some(format!("{}={}", word(slot), name(slot.id)?.name))).collect()
}

fn pinned(request: &Request, seen: &Seen) -> String {
    match &seen.pinning {
        Some(Ok(found)) => match &found.answer {
            PinAnswer::Place(placement) => pin::matching(placement, &request.nodes).join(", "),
            other => pin::word(other).to_owned(),
        },
        _ => String::new(),
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

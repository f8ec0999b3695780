//! Runs a case: asks several times, and compares the answers.
//!
//! Knows no files. The engine answers each question in a fresh instance.

use std::collections::BTreeSet;
use std::sync::Arc;

use egress_policy::Policy;
use egress_policy::request::{Request, Slot};

use super::ask::{Cost, Seen, ask};
use super::file::Case;
use super::slots::slots;

/// The result of a case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The case's name.
    pub name: String,
    /// What is wrong; empty: the case passed.
    pub problems: Vec<String>,
    /// The request.
    pub request: Request,
    /// The objects that the policy could name.
    pub slots: Vec<Slot>,
    /// The answers.
    pub seen: Seen,
    /// The cost of the answers, and the log.
    pub cost: Cost,
}

/// Runs one case.
pub fn run(policy: &dyn Policy, case: &Case, request: Request, settings: &str) -> CaseReport {
    let slots = slots(&request);
    let (seen, cost) = ask(policy, &request, &slots, settings);
    let mut problems = match &case.expect {
        Some(expect) => expect.compare(&request, &slots, &seen, &cost),
        None => vec!["it expects nothing: write `expect`, or run with --update".to_owned()],
    };
    problems.extend(unstable(policy, &request, &slots, settings, &seen));
    problems.extend(unknown_codes(policy, &seen));
    CaseReport { name: case.name.clone(), problems, request, slots, seen, cost }
}

/// Asks the same again, and with the nodes in other orders: the answer must not change.
fn unstable(
    policy: &dyn Policy,
    request: &Request,
    slots: &[Slot],
    settings: &str,
    first: &Seen,
) -> Option<String> {
    let differs = |request: &Request| ask(policy, request, slots, settings).0 != *first;
    if differs(request) {
        return Some("the second run of the same request got another answer".to_owned());
    }
    let mut reversed = request.clone();
    Arc::make_mut(&mut reversed.nodes).reverse();
    let mut rotated = request.clone();
    Arc::make_mut(&mut rotated.nodes).rotate_left(usize::from(!request.nodes.is_empty()));
    let shuffled = request.nodes.len() > 1 && (differs(&reversed) || differs(&rotated));
    shuffled.then(|| "the answer changes with the order of the nodes".to_owned())
}

/// Codes that the policy's descriptor does not list: users could not look them up.
fn unknown_codes(policy: &dyn Policy, seen: &Seen) -> Vec<String> {
    let listed: BTreeSet<&str> = policy.descriptor().rules.iter().map(|rule| rule.code.as_str()).collect();
    // Settings that cannot even be read are refused before any rule is looked at.
    if seen.refusal.is_some() {
        return Vec::new();
    }
    let codes = seen.codes();
    let unlisted = codes.iter().filter(|code| !listed.contains(code.as_str()));
    unlisted.map(|code| format!("`{code}` is not among the rules of the policy's descriptor")).collect()
}

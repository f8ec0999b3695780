//! The expected answers of a case, and their comparison with the real ones.
//!
//! A field that is not written is not compared. A list is compared as a whole: `findings: []` means no finding.

mod decision;
mod fuel;

use std::collections::BTreeMap;

use egress_policy::answer::Verdict;
use egress_policy::request::{Request, Slot};
use serde::Deserialize;

use self::decision::Decisions;
use super::ask::{Cost, Seen};
use super::finding::{self, ExpectedFinding};
use super::name::{self, ExpectedName};
use super::pattern::Pattern;
use super::pin::ExpectedPin;

pub use decision::word as decision_word;
pub use fuel::Fuel;

/// The expected answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expect {
    /// `allow`, `deny` or `abstain`: one for all destinations, or a list with one for each.
    decision: Option<Decisions>,
    /// The routes that every ruling allows.
    routes: Option<Vec<String>>,
    /// The layouts that every ruling allows.
    layouts: Option<Vec<String>>,
    /// All findings, in any order.
    findings: Option<Vec<ExpectedFinding>>,
    /// Names by role, or by `HOST/ROLE`.
    names: Option<BTreeMap<String, ExpectedName>>,
    /// The required nodes.
    pin: Option<ExpectedPin>,
    /// The error, if the policy cannot decide.
    fault: Option<Pattern>,
    /// The largest fuel that all answers together may use.
    pub max_fuel: Option<Fuel>,
}

impl Expect {
    /// The differences; empty: the answers are as expected.
    pub fn compare(&self, request: &Request, slots: &[Slot], seen: &Seen, cost: &Cost) -> Vec<String> {
        let mut problems = self.faults(seen);
        if let Some(expected) = &self.decision {
            problems.extend(expected.compare(request, seen));
        }
        for (what, expected) in [("routes", &self.routes), ("layouts", &self.layouts)] {
            if let Some(expected) = expected {
                problems.extend(choices(what, expected, seen));
            }
        }
        if let Some(expected) = &self.findings {
            problems.extend(finding::compare(expected, &seen.findings()));
        }
        if let Some(expected) = &self.names {
            problems.extend(name::compare(expected, slots, seen));
        }
        if let Some(expected) = &self.pin {
            problems.extend(expected.compare(request, seen));
        }
        if let (Some(Fuel(most)), Some(fuel)) = (self.max_fuel, cost.fuel)
            && fuel > most
        {
            problems.push(format!("max-fuel: expected at most {most}, used {fuel}"));
        }
        problems
    }

    fn faults(&self, seen: &Seen) -> Vec<String> {
        let faults: Vec<String> = seen.faults().iter().map(ToString::to_string).collect();
        match &self.fault {
            None => faults.into_iter().map(|fault| format!("the policy could not decide: {fault}")).collect(),
            Some(expected) if faults.iter().any(|fault| expected.matches(fault)) => Vec::new(),
            Some(expected) if faults.is_empty() => {
                vec![format!("fault: expected {expected}, but the policy could decide")]
            }
            Some(expected) => vec![format!("fault: expected {expected}, found `{}`", faults.join("; "))],
        }
    }
}

/// The routes or layouts that each ruling allows.
fn choices(what: &str, expected: &[String], seen: &Seen) -> Vec<String> {
    let none = Verdict::default();
    let verdict = seen.hosts.as_ref().and_then(|answer| answer.as_ref().ok()).unwrap_or(&none);
    let mut problems = Vec::new();
    if verdict.rulings.is_empty() && !expected.is_empty() {
        problems.push(format!("{what}: expected {}, but there is no ruling", expected.join(", ")));
    }
    for ruling in &verdict.rulings {
        let found = if what == "routes" { &ruling.routes } else { &ruling.layouts };
        if found != expected {
            problems.push(format!(
                "{what} of destinations[{}]: expected [{}], found [{}]",
                ruling.destination,
                expected.join(", "),
                found.join(", ")
            ));
        }
    }
    problems
}

//! Which rules of a policy its cases cover.

use std::collections::BTreeSet;

use egress_policy::descriptor::Descriptor;
use serde::Serialize;

use super::run::CaseReport;

/// The rules of one policy, by code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Codes that at least one case produced.
    pub covered: BTreeSet<String>,
    /// Codes that no case produced.
    pub missing: BTreeSet<String>,
}

impl Coverage {
    /// The coverage of these cases.
    pub fn of<'a>(descriptor: &Descriptor, cases: impl IntoIterator<Item = &'a CaseReport>) -> Self {
        let seen: BTreeSet<String> = cases.into_iter().flat_map(|case| case.seen.codes()).collect();
        let rules = descriptor.rules.iter().map(|rule| rule.code.clone());
        let (covered, missing) = rules.partition(|code| seen.contains(code));
        Coverage { covered, missing }
    }
}

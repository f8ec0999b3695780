//! Which checks to run.
//!
//! Knows codes, not what the checks do.

use std::collections::BTreeSet;

use crate::finding::Code;
use crate::rules::CHECKS;

/// A choice among the checks; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckFilter {
    /// Only these; empty: all.
    pub only: BTreeSet<Code>,
    /// Not these.
    pub skip: BTreeSet<Code>,
}

impl CheckFilter {
    /// Whether to run a check.
    pub fn wants(&self, code: Code) -> bool {
        (self.only.is_empty() || self.only.contains(&code)) && !self.skip.contains(&code)
    }

    /// The checks that were skipped by name. Does not include checks that `only` does not name, since nobody requested
    /// them.
    pub fn skipped(&self) -> Vec<Code> {
        CHECKS.iter().map(|check| check.code).filter(|code| self.skip.contains(code)).collect()
    }
}

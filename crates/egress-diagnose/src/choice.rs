//! Which checks are wanted.
//!
//! Knows codes. Knows nothing of what the checks look at.

use std::collections::BTreeSet;

use crate::check::{Check, Code};
use crate::checks::CHECKS;

/// A choice among the checks; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Nothing but these; empty: all.
    pub only: BTreeSet<Code>,
    /// Not these.
    pub skip: BTreeSet<Code>,
}

impl Choice {
    /// Whether a check is wanted.
    pub fn wants(&self, code: Code) -> bool {
        (self.only.is_empty() || self.only.contains(&code)) && !self.skip.contains(&code)
    }

    /// The checks that were left out by name. Those that `only` does not name are not told: they were not asked for.
    pub fn skipped(&self) -> Vec<Code> {
        CHECKS.iter().map(|check| check.code).filter(|code| self.skip.contains(code)).collect()
    }
}

/// The check with a code.
pub fn check(code: Code) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code)
}

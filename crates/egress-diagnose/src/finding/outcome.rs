//! What a check can come to: passed, failed, or why it says nothing.

use egress_core::input::Input;

use super::{Awaited, Finding};

/// Facts, or the outcome of a check that needs them.
pub type Readable<T> = Result<T, CheckOutcome>;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It is true; with what was seen, if that helps the reader.
    Good(Option<String>),
    /// It is not true.
    Bad(Vec<Finding>),
    /// It could not be read, and why.
    Unreadable(String),
    /// What the check needs does not exist yet.
    NoEvidence(Awaited),
    /// Facts of this kind were not given: files need not contain everything.
    NotGiven(Input),
    /// It does not apply to this subject, or there is nothing to look at.
    NotApplicable,
}

impl CheckOutcome {
    /// Bad if there are findings. Otherwise good, but only if the check looked at something: with nothing to look at
    /// nothing has passed.
    pub fn of(looked_at: usize, findings: Vec<Finding>) -> Self {
        match (findings.is_empty(), looked_at) {
            (false, _) => CheckOutcome::Bad(findings),
            (true, 0) => CheckOutcome::NotApplicable,
            (true, _) => CheckOutcome::Good(None),
        }
    }
}

//! The refusal where policies could not be asked.
//!
//! Knows the exit code of it, not what went wrong.

use crate::exit::{Code, Failure};

/// A policy that could not be asked: that never counts as allowed.
pub(super) fn undecided(message: impl Into<String>, hint: Option<String>) -> Failure {
    Failure { code: Code::Undecided, message: message.into(), hint }
}

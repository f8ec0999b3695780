//! Why an object is refused: the field, what it says, and the reason. Does not know any rule.

use crate::host::printable;

/// So many reasons of one object are told: lists of strangers may be long.
const MOST: usize = 10;

/// One reason to refuse an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The field: `spec.ports[1].number`.
    pub field: String,
    /// What it says; empty where it is missing.
    pub value: String,
    /// What is wrong with it, in one sentence without a full stop.
    pub reason: String,
}

/// Reasons, as they are found.
#[derive(Default)]
pub(super) struct Rejections(pub(super) Vec<Rejection>);

impl Rejections {
    pub(super) fn add(
        &mut self,
        field: impl Into<String>,
        value: impl Into<String>,
        reason: impl Into<String>,
    ) {
        if self.0.len() < MOST {
            let value = printable(&value.into());
            self.0.push(Rejection { field: field.into(), value, reason: reason.into() });
        }
    }

    /// Adds the reason of a check of a value, where it has one.
    pub(super) fn extend(
        &mut self,
        field: impl FnOnce() -> String,
        value: impl Into<String>,
        reason: Option<String>,
    ) {
        if let Some(reason) = reason {
            self.add(field(), value, reason);
        }
    }
}

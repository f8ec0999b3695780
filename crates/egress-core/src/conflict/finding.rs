//! One thing in the way of an egress.

use serde::Serialize;

use crate::resource::Resource;

/// How much a conflict matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The egress works; something else deserves a look.
    Warning,
    /// Nothing may be written.
    Refusal,
}

/// One thing in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Warning or refusal.
    pub severity: Severity,
    /// The object, as kubectl would name it: `virtualservice/cnn in namespace shop`.
    pub object: String,
    /// The field of that object.
    pub field: String,
    /// What it does to the egress, in traffic terms.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// A refusal because of an object.
pub(super) fn refusal(object: &Resource, field: &str, message: String, hint: String) -> Conflict {
    conflict(Severity::Refusal, object, field, message, hint)
}

/// A conflict with an object.
pub(super) fn conflict(
    severity: Severity,
    object: &Resource,
    field: &str,
    message: String,
    hint: String,
) -> Conflict {
    Conflict { severity, object: object.id.to_string(), field: field.to_owned(), message, hint }
}

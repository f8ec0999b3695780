//! What an annotation says of a finding. Does not know where annotations are.

use jiff::civil::Date;
use serde::Serialize;

use super::Place;

/// The acceptance of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Its last day in UTC; none: no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Whether that day has passed, or today's date is unknown: the finding then counts.
    pub ended: bool,
}

/// An invalid line of an annotation. It accepts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvalidAcceptance {
    /// Its place.
    pub object: Place,
    /// What was expected, and what was found.
    pub problem: String,
}

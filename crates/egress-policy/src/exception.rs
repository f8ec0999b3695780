//! Exceptions: destinations allowed although a policy denies them, until a day, with an approver and a reason.
//!
//! Knows what an exception covers. The day it is compared with is handed in.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::layer::Layer;
use super::report::PolicyRef;
use super::request::Destination;
use super::rules::glob::HostGlob;

/// One exception from one code for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// Where it was written.
    pub layer: Layer,
    /// The code it lets through.
    pub code: String,
    /// The host, or hosts, with or without a port.
    pub destination: HostGlob,
    /// Whose code; `None`: of any policy of its own layer or a lower one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The last day on which it holds, by UTC.
    pub until: Date,
    /// Who allowed it.
    pub approved_by: String,
    /// Why.
    pub reason: String,
}

/// What an exception does to a denial that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionStatus {
    /// It holds.
    Holds,
    /// Its last day has passed, or nobody knows the day.
    Expired,
    /// It was written in a lower layer than the policy.
    TooLow,
}

/// An exception that is about a denial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionUse {
    /// The exception.
    #[serde(flatten)]
    pub exception: Exception,
    /// Index into the request's destinations.
    pub index: usize,
    /// Whose denial.
    pub of: PolicyRef,
    /// What it does.
    #[serde(rename = "standing")]
    pub status: ExceptionStatus,
}

impl Exception {
    /// What it does to this code of this policy for this destination; `None`: it is about something else.
    pub fn status(
        &self,
        code: &str,
        by: &PolicyRef,
        destination: &Destination,
        now: Option<Timestamp>,
    ) -> Option<ExceptionStatus> {
        let about = self.code == code
            && self.policy.as_ref().is_none_or(|policy| *policy == by.policy)
            && self.destination.matches(&destination.host, destination.port);
        if !about {
            return None;
        }
        let today = now.map(|now| now.to_zoned(TimeZone::UTC).date());
        Some(match today {
            _ if self.layer < by.layer => ExceptionStatus::TooLow,
            Some(today) if today <= self.until => ExceptionStatus::Holds,
            _ => ExceptionStatus::Expired,
        })
    }
}

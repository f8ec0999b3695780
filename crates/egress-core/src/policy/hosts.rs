//! Which destinations may be reached: everybody is asked, one denial denies, and nothing is allowed by failure.
//!
//! Knows composition. What a policy looks at is its own matter.

use jiff::Timestamp;
use serde::Serialize;

use super::exception::{Exception, Standing};
use super::member::{Assembly, Effect};
use super::report::{Author, Report, Status};
use super::request::{Destination, Request};

/// What all answers come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// One for each destination of the request, in its order.
    pub outcomes: Vec<Outcome>,
    /// One for each policy that was asked, those of the highest layer first.
    pub reports: Vec<Report>,
    /// Every exception that is about a denial, whether it holds or not.
    pub exceptions: Vec<ExceptionUse>,
    /// What happened where all abstained.
    pub default: Effect,
}

/// What the answers come to for one destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The destination.
    pub destination: Destination,
    /// What is decided.
    pub status: Status,
    /// Who decided so; nobody: the default.
    pub by: Vec<Author>,
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
    pub of: Author,
    /// What it does.
    pub standing: Standing,
}

impl Judgement {
    /// What the judgement comes to as a whole: the worst of its destinations.
    pub fn status(&self) -> Status {
        self.outcomes.iter().map(|outcome| outcome.status).max().unwrap_or_default()
    }
}

/// Asks everybody who judges what the request wants to do.
///
/// `now` is for exceptions, and shown to no policy: those that need the time find it in the request. Without it no
/// exception holds.
pub fn decide(assembly: &Assembly, request: &Request, now: Option<Timestamp>) -> Judgement {
    let _ = now;
    let outcomes = request.destinations.iter().map(|destination| Outcome {
        destination: destination.clone(),
        status: Status::Undecided,
        by: Vec::new(),
    });
    Judgement {
        outcomes: outcomes.collect(),
        reports: Vec::new(),
        exceptions: Vec::new(),
        default: assembly.default,
    }
}

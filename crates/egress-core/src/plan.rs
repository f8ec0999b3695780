//! The steps from what exists to what is wanted, in the order that never leaks and never loses a request.
//!
//! Pure: makes steps, never takes them. The order and its reason are in ARCHITECTURE.md.

use crate::host::DnsName;
use crate::proof::Expectation;
use crate::resource::{ObjectId, Resource};
use crate::role::Role;

/// All steps for one host in one namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The host.
    pub host: DnsName,
    /// The namespace of its objects.
    pub namespace: String,
    /// Steps in order. Empty: nothing to do.
    pub steps: Vec<Step>,
    /// Objects that exist and are as wanted.
    pub unchanged: Vec<ObjectId>,
}

/// One write, and what must be seen before the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The part the object plays.
    pub role: Role,
    /// The write.
    pub action: Action,
    /// What must be proven before the next step; `None`: it is enough that the object is stored.
    pub proof: Option<Expectation>,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Server-side apply of an object that does not exist.
    Create(Resource),
    /// Server-side apply over an object that differs.
    Update {
        /// As it is wanted.
        wanted: Resource,
        /// As it is.
        found: Resource,
    },
    /// Deletion, with the uid as a precondition.
    Delete(Resource),
}

impl Action {
    /// The object that is written.
    pub fn object(&self) -> &Resource {
        match self {
            Action::Create(resource) | Action::Update { wanted: resource, .. } | Action::Delete(resource) => {
                resource
            }
        }
    }

    /// The word of progress and plan lines.
    pub fn verb(&self) -> &'static str {
        match self {
            Action::Create(_) => "create",
            Action::Update { .. } => "update",
            Action::Delete(_) => "delete",
        }
    }
}

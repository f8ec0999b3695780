//! The steps from what exists to what is wanted, in the order that never leaks and never loses a request.
//!
//! Pure: makes steps, never takes them. The order and its reason are in ARCHITECTURE.md.

use crate::host::DnsName;
use crate::proof::Expectation;
use crate::resource::Resource;
use crate::role::Role;

pub mod add;
mod expect;
pub mod meanwhile;
pub mod remove;
pub mod rename;

/// All steps for one host in one namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The host.
    pub host: DnsName,
    /// The namespace of its objects.
    pub namespace: String,
    /// Steps in order, those that only prove included.
    pub steps: Vec<Step>,
}

/// One object of the plan: what is written, and what must be seen before the next step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The part the object plays.
    pub role: Role,
    /// The object, as it will be; for a deletion as it is.
    pub object: Resource,
    /// The write; `None` when nothing has to be written. The proof is then asked for all the same: whoever was here
    /// before may have been cut short between the write and its proof.
    pub action: Option<Action>,
    /// What must be proven before the next step; `None`: it is enough that the object is stored.
    pub proof: Option<Expectation>,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Server-side apply of an object that does not exist.
    Create,
    /// Server-side apply over this object, which differs.
    Update(Box<Resource>),
    /// The same over an object that the plan deletes later: whoever manages its fields is asked as little as by a
    /// deletion.
    Narrow(Box<Resource>),
    /// Deletion, with the uid as a precondition.
    Delete,
}

impl Plan {
    /// The steps that write.
    pub fn writes(&self) -> impl Iterator<Item = (&Step, &Action)> {
        self.steps.iter().filter_map(|step| Some((step, step.action.as_ref()?)))
    }

    /// Whether nothing has to be written.
    pub fn is_empty(&self) -> bool {
        self.writes().next().is_none()
    }
}

impl Action {
    /// The word of progress and plan lines.
    pub fn verb(&self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update(_) | Action::Narrow(_) => "update",
            Action::Delete => "delete",
        }
    }
}

/// What has to be written so that `wanted` exists: nothing if the live object says the same already. Labels and
/// annotations that others added do not count.
fn apply(wanted: &Resource, found: Option<&Resource>) -> Option<Action> {
    match found {
        None => Some(Action::Create),
        Some(found) if wanted.is_fulfilled_by(found) => None,
        Some(found) => Some(Action::Update(Box::new(found.clone()))),
    }
}

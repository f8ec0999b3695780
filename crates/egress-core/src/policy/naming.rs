//! What the objects are called: one policy names them, and what it says is checked before anything is built on it.
//!
//! Knows the rules of names in Kubernetes and Istio. Knows nothing of which objects a layout makes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::Name;
use super::member::Assembly;
use super::report::{Author, Report, Status};
use super::request::{Request, Slot};

/// What all answers come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Naming {
    /// By the slot's id; a slot without an entry keeps its default name.
    pub names: BTreeMap<u32, Name>,
    /// Who named them; nobody: all have their default names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Author>,
    /// One for each policy that was asked.
    pub reports: Vec<Report>,
    /// Slots that two policies name differently.
    pub clashes: Vec<Clash>,
    /// `naming: {use: NAME}` means a policy that names nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_owner: Option<String>,
}

/// Two policies name one object differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clash {
    /// The slot's id.
    pub slot: u32,
    /// The kind of object.
    pub kind: String,
    /// The part it plays.
    pub role: String,
    /// Each policy and the name it gives.
    pub names: Vec<(Author, String)>,
}

impl Naming {
    /// What it comes to.
    pub fn status(&self) -> Status {
        let worst = self.reports.iter().map(Report::status).max().unwrap_or_default();
        let broken = !self.clashes.is_empty() || self.no_owner.is_some();
        if broken { worst.max(Status::Undecided) } else { worst }
    }
}

/// Asks whoever names objects.
pub fn name(assembly: &Assembly, request: &Request, slots: &[Slot]) -> Naming {
    let _ = (assembly, request, slots);
    Naming { no_owner: Some("not written yet".to_owned()), ..Naming::default() }
}

//! What happens to each object, from all steps together: a step is one write, and an object may be written in stages.
//!
//! Knows steps. How a change looks is in `plan` and `diff`.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::plan::{Action, Plan, Step};
use egress_core::resource::{ObjectId, Resource};

/// One object before and after; both `None` never happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectChange<'a> {
    /// Which object.
    pub id: &'a ObjectId,
    /// As it is; `None` where it does not exist.
    pub found: Option<&'a Resource>,
    /// As it will be; `None` where it goes.
    pub wanted: Option<&'a Resource>,
}

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl ObjectChange<'_> {
    /// How the object is written; `None` where it stays as it is.
    pub(crate) fn operation(&self) -> Option<Operation> {
        match (self.found, self.wanted) {
            (None, _) => Some(Operation::Create),
            (Some(_), None) => Some(Operation::Delete),
            (Some(found), Some(wanted)) => (!std::ptr::eq(found, wanted)).then_some(Operation::Update),
        }
    }
}

/// The changes of each plan, objects in the order in which they are first written. An object that several hosts share
/// is listed with the first of them.
pub(crate) fn of(plans: &[Plan]) -> Vec<Vec<ObjectChange<'_>>> {
    let mut seen = BTreeSet::new();
    let mut of_plan = |plan| {
        let mut changes = of_one(plan);
        changes.retain(|change| seen.insert(change.id));
        changes
    };
    plans.iter().map(&mut of_plan).collect()
}

fn of_one(plan: &Plan) -> Vec<ObjectChange<'_>> {
    let mut changes: Vec<ObjectChange<'_>> = Vec::new();
    let mut places: BTreeMap<&ObjectId, usize> = BTreeMap::new();
    // Steps that write come first: where a step that only proves shares an object with them, the write is what counts.
    let (writing, proving): (Vec<&Step>, Vec<&Step>) =
        plan.steps.iter().partition(|step| step.action.is_some());
    for step in writing.into_iter().chain(proving) {
        let id = &step.object.id;
        if let Some(change) = places.get(id).and_then(|place| changes.get_mut(*place)) {
            if step.action.is_some() {
                change.wanted = wanted(step);
            }
        } else {
            places.insert(id, changes.len());
            changes.push(ObjectChange { id, found: found(step), wanted: wanted(step) });
        }
    }
    changes
}

fn found(step: &Step) -> Option<&Resource> {
    match &step.action {
        Some(Action::Create) => None,
        Some(Action::Update(found) | Action::Narrow(found)) => Some(found),
        Some(Action::Delete) | None => Some(&step.object),
    }
}

fn wanted(step: &Step) -> Option<&Resource> {
    match &step.action {
        Some(Action::Delete) => None,
        _ => Some(&step.object),
    }
}

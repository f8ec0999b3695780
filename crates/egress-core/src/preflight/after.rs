//! The objects of a cluster as they are once the planned writes are done.
//!
//! Knows what the steps of plans do to objects. Knows nothing of Istio.

use std::collections::BTreeMap;

use crate::plan::{Action, Plan};
use crate::resource::{ObjectId, Resource};
use crate::snapshot::Snapshot;

/// The objects before and after.
pub(super) struct ObjectsAfter<'a> {
    /// Those that are there now.
    pub(super) before: Vec<&'a Resource>,
    /// What becomes of the objects that the plans write; none where they are deleted.
    pub(super) objects: ChangedObjects<'a>,
}

/// Objects of a cluster with some of them changed.
pub(super) struct ChangedObjects<'a> {
    unchanged: Vec<&'a Resource>,
    /// By identity, so that they have an order.
    pub(super) written: BTreeMap<ObjectId, Option<Resource>>,
}

impl<'a> ObjectsAfter<'a> {
    /// After these plans, in their order.
    pub(super) fn of(snapshot: &'a Snapshot, plans: &[&Plan]) -> Self {
        let mut written: BTreeMap<ObjectId, Option<Resource>> = BTreeMap::new();
        for (step, action) in plans.iter().flat_map(|plan| plan.writes()) {
            let live = match action {
                Action::Delete => {
                    written.insert(step.object.id.clone(), None);
                    continue;
                }
                // It is older than everything that the command creates.
                Action::Update(found) | Action::Narrow(found) => found.live.clone(),
                Action::Create => None,
            };
            written.insert(step.object.id.clone(), Some(Resource { live, ..step.object.clone() }));
        }
        let before: Vec<&Resource> = snapshot.resources.iter().collect();
        let unchanged = before.iter().copied().filter(|found| !written.contains_key(&found.id)).collect();
        ObjectsAfter { before, objects: ChangedObjects { unchanged, written } }
    }

    /// The objects before, without one of them.
    pub(super) fn found(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.before.iter().find(|found| found.id == *id).copied()
    }
}

impl ChangedObjects<'_> {
    /// All of them.
    pub(super) fn all(&self) -> Vec<&Resource> {
        let written = self.written.values().filter_map(Option::as_ref);
        self.unchanged.iter().copied().chain(written).collect()
    }

    /// Those that the plans do not touch.
    pub(super) fn unchanged(&self) -> impl Iterator<Item = &Resource> {
        self.unchanged.iter().copied()
    }
}

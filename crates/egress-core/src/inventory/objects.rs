//! The objects of a snapshot by their identity, for whoever asks about many egresses.
//!
//! Knows where objects are, and nothing of what they say.

use std::collections::HashMap;

use crate::resource::{ObjectId, Resource};
use crate::snapshot::Snapshot;

/// A snapshot in which an object is found without looking at all others.
pub struct Objects<'a> {
    snapshot: &'a Snapshot,
    by_id: HashMap<&'a ObjectId, &'a Resource>,
}

impl<'a> Objects<'a> {
    /// The objects of a snapshot. Of two with one identity the first is found, as [`Snapshot::find`] does.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut by_id = HashMap::with_capacity(snapshot.resources.len());
        for resource in &snapshot.resources {
            by_id.entry(&resource.id).or_insert(resource);
        }
        Objects { snapshot, by_id }
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.by_id.get(id).copied()
    }

    /// The whole snapshot.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }
}

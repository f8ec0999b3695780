//! The objects of a snapshot by their identity, for whoever asks about many egresses.
//!
//! Knows where objects are, and nothing of what they say.

use std::collections::{BTreeSet, HashMap};

use crate::resource::{ObjectId, Resource, Spec};
use crate::snapshot::Snapshot;

/// A snapshot in which an object is found without looking at all others.
pub struct Objects<'a> {
    snapshot: &'a Snapshot,
    by_id: HashMap<&'a ObjectId, &'a Resource>,
    entries: HashMap<&'a str, Vec<&'a Resource>>,
}

impl<'a> Objects<'a> {
    /// The objects of a snapshot. Of two with one identity the first is found, as [`Snapshot::find`] does.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut by_id = HashMap::with_capacity(snapshot.resources.len());
        let mut entries: HashMap<&str, Vec<&Resource>> = HashMap::new();
        for resource in &snapshot.resources {
            by_id.entry(&resource.id).or_insert(resource);
            if let Spec::ServiceEntry(spec) = &resource.spec {
                for host in spec.hosts.iter().collect::<BTreeSet<_>>() {
                    entries.entry(host).or_default().push(resource);
                }
            }
        }
        Objects { snapshot, by_id, entries }
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.by_id.get(id).copied()
    }

    /// The ServiceEntries that name a host in full, written as istiod compares it: letter by letter.
    pub fn entries_of(&self, host: &str) -> &[&'a Resource] {
        self.entries.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The whole snapshot.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }
}

//! What is worked out once and asked for by many checks, on whichever thread.
//!
//! Knows nothing of what it keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Values by what they were worked out for.
pub(super) struct Memo<K, V>(Mutex<BTreeMap<K, Arc<V>>>);

impl<K: Ord, V> Memo<K, V> {
    /// The value, worked out where it is not known. Who asks for it meanwhile waits.
    pub(super) fn get(&self, key: K, find: impl FnOnce() -> V) -> Arc<V> {
        // Nothing is left half-done by a panic: a value is put in when it is whole.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(key).or_insert_with(|| Arc::new(find())))
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Memo(Mutex::default())
    }
}

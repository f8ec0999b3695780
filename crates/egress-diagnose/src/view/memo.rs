//! Results that many checks need, on several threads: each is computed once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Computed values, by key.
pub(super) struct Memo<K, V>(Mutex<BTreeMap<K, Arc<V>>>);

impl<K: Ord, V> Memo<K, V> {
    /// The value of a key; `find` computes it the first time. Other threads wait meanwhile.
    pub(super) fn get(&self, key: K, find: impl FnOnce() -> V) -> Arc<V> {
        // A panic in `find` leaves the map unchanged, so a poisoned lock is harmless.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(key).or_insert_with(|| Arc::new(find())))
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Memo(Mutex::default())
    }
}

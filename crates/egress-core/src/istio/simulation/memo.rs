//! Values that are computed once, by key, on several threads.
//!
//! Knows nothing of what is computed.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::fast_map::FastMap;

/// So many values at most: beyond that all are computed anew.
#[derive(Debug)]
pub(super) struct Memo<K, V> {
    most: usize,
    kept: Mutex<FastMap<K, Arc<V>>>,
}

impl<K: Eq + Hash, V> Memo<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Memo { most, kept: Mutex::default() }
    }

    /// The value of a key; `compute` makes it the first time. Other threads wait meanwhile.
    pub(super) fn get(&self, key: K, compute: impl FnOnce() -> V) -> Arc<V> {
        // A panic in `compute` leaves the map unchanged, so a poisoned lock is harmless.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(&key) {
            return Arc::clone(found);
        }
        if kept.len() >= self.most {
            kept.clear();
        }
        Arc::clone(kept.entry(key).or_insert_with(|| Arc::new(compute())))
    }
}

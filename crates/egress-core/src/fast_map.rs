//! Maps that a command with many hosts looks into many times for each of them.
//!
//! The standard library's hash withstands whoever chooses keys so that they collide; this one takes a fraction of the time, and
//! its seed differs from run to run. Knows nothing of what is in them.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A map by hash.
pub(crate) type FastMap<K, V> = HashMap<K, V, RandomState>;

/// A set by hash.
pub(crate) type FastSet<T> = HashSet<T, RandomState>;

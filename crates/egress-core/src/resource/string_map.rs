//! Labels and annotations of many objects.
//!
//! Written as a map whatever is in it: litemap itself writes an empty one as a list.

use std::collections::BTreeMap;

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serializer};

/// Labels or annotations, by key: few to an object, so that a sorted list takes least.
pub type StringMap = LiteMap<String, String>;

pub(super) fn serialize<S: Serializer>(map: &StringMap, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StringMap, D::Error> {
    Ok(BTreeMap::deserialize(deserializer)?.into_iter().collect())
}

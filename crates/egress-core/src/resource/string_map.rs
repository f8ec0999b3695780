//! Labels and annotations of many objects.
//!
//! Written as a map whatever is in it: litemap itself writes an empty one as a list.

use std::borrow::Cow;
use std::collections::BTreeMap;

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serializer};

use crate::metadata;
use crate::tree::Tree;

/// Labels or annotations, by key: few to an object, so that a sorted list takes least. Keys of ours take no memory of their
/// own.
pub type StringMap = LiteMap<Cow<'static, str>, String>;

/// The texts of a map; what is no text is left out.
pub(super) fn of_tree(map: &Tree<'_>) -> StringMap {
    let texts = || map.fields().filter_map(|(key, value)| Some((key, value.as_str()?)));
    // Of many thousand maps with one entry each, room for further ones would take most of the memory.
    let mut entries = Vec::with_capacity(texts().count());
    entries.extend(texts().map(|(key, value)| (metadata::key(key), value.to_owned())));
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    // No name is twice in a tree.
    LiteMap::from_sorted_store_unchecked(entries)
}

pub(super) fn serialize<S: Serializer>(map: &StringMap, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StringMap, D::Error> {
    let map: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
    Ok(map.into_iter().map(|(key, value)| (metadata::key(&key), value)).collect())
}

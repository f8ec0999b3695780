//! Objects of settings whose keys are names: a list of names and values.
//!
//! A few hundred bytes of a module, where a tree of the standard library is several thousand, for settings that a person
//! wrote.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Values by name, in the order of the settings, which the host sorts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<V>(Vec<(String, V)>);

impl<V> Map<V> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Every name, for people: `api, cnn`.
    pub fn names(&self) -> String {
        let mut names = String::new();
        for (name, _) in self.iter() {
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push_str(name);
        }
        names
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Values(PhantomData))
    }
}

struct Values<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Values<V> {
    type Value = Map<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("names with values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<V>, A::Error> {
        let mut values = Vec::new();
        while let Some(entry) = access.next_entry()? {
            values.push(entry);
        }
        Ok(Map(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn values_are_found_by_name() {
        let map: Map<u8> = json::from_str(r#"{"a": 1, "b": 2}"#).unwrap();

        assert_eq!((map.get("b"), map.get("c")), (Some(&2), None));
        assert_eq!(map.names(), "a, b");
    }

    #[test]
    fn what_is_no_object_is_told() {
        assert_eq!(json::from_str::<Map<u8>>("[]").unwrap_err().message(), "expected names with values");
    }
}

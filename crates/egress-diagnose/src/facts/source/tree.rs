//! Reads the objects of a JSON document one by one, so that a dump of a cluster is never in memory as a whole.
//!
//! Knows no kind.

use std::fmt;

use egress_core::tree::{FieldName, Fields, Tree};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The key of a List's items.
pub(super) const ITEMS: &str = "items";

/// The value of a document. Calls the function with each object, and whether it is an item of a List.
pub(super) struct Objects<F>(pub(super) F);

/// The items of a List.
struct Items<'f, F>(&'f mut F);

impl<'de, F: FnMut(Tree<'de>, bool)> DeserializeSeed<'de> for Objects<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Tree<'de>, bool)> Visitor<'de> for Objects<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `apiVersion` and `kind`")
    }

    /// An empty document.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut map = Fields::default();
        let mut is_list = false;
        while let Some(name) = fields.next_key_seed(FieldName)? {
            if name == ITEMS {
                is_list = true;
                fields.next_value_seed(Items(&mut self.0))?;
            } else {
                let value = fields.next_value()?;
                map.insert(name, value).map_err(Error::custom)?;
            }
        }
        if !is_list && !map.is_empty() {
            (self.0)(map.finish(), false);
        }
        Ok(())
    }
}

impl<'de, F: FnMut(Tree<'de>, bool)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Tree<'de>, bool)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item, true);
        }
        Ok(())
    }
}

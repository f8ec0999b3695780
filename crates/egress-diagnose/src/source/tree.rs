//! The objects of a document as trees, one by one: a dump of a cluster is never held whole.
//!
//! Knows no format.

use std::fmt;

use egress_core::tree::{FieldName, Fields, Tree};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The value of a document. Its objects go to the function, with whether they are items of a List.
pub(super) struct Objects<F>(pub(super) F);

/// The items of a List.
struct Items<'f, F>(&'f mut F);

/// The same of a tree that a parser made, which takes no function.
///
/// # Errors
/// It is no object and no list of objects.
pub(super) fn hand_out<'de>(tree: Tree<'de>, mut take: impl FnMut(Tree<'de>, bool)) -> Result<(), String> {
    match tree {
        Tree::Null => Ok(()),
        Tree::List(items) => {
            items.into_iter().for_each(|item| take(item, true));
            Ok(())
        }
        Tree::Map(fields) => match fields.iter().position(|(name, _)| name == "items") {
            Some(items) => match fields.into_iter().nth(items) {
                Some((_, Tree::List(items))) => hand_out(Tree::List(items), take),
                Some((_, Tree::Null)) | None => Ok(()),
                Some(_) => Err("`items` is no list of objects".to_owned()),
            },
            None if fields.is_empty() => Ok(()),
            None => {
                take(Tree::Map(fields), false);
                Ok(())
            }
        },
        Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {
            Err("it is no object with `apiVersion` and `kind`".to_owned())
        }
    }
}

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

    /// One item of a List that was cut out of it.
    fn visit_seq<A: SeqAccess<'de>>(mut self, items: A) -> Result<(), A::Error> {
        Items(&mut self.0).visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut map = Fields::default();
        let mut is_list = false;
        while let Some(name) = fields.next_key_seed(FieldName)? {
            if name == "items" {
                is_list = true;
                fields.next_value_seed(Items(&mut self.0))?;
            } else {
                let value = fields.next_value()?;
                map.insert(name, value)?;
            }
        }
        if !is_list && !map.is_empty() {
            (self.0)(map.into(), false);
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

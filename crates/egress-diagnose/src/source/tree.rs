//! A document as a tree of values, with the items of a List handed out one by one: a dump of a cluster is never held whole.
//!
//! Refuses a field that is there twice: kubectl does, and of two values nobody knows which one counts. Knows no format.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use egress_core::tree::Tree;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A value of any kind.
pub(super) struct Any;

/// The value of a document. Its objects go to the function, with whether they are items of a List.
pub(super) struct Objects<F>(pub(super) F);

/// The items of a List.
struct Items<'f, F>(&'f mut F);

/// Of so many fields a name is looked up among all; of more in a set.
const FEW: usize = 16;

/// The fields of a map, none of them twice.
#[derive(Default)]
struct Fields<'de> {
    fields: Vec<(Cow<'de, str>, Tree<'de>)>,
    /// Their names, where they are not few.
    names: HashSet<Cow<'de, str>>,
}

/// A field's name. YAML allows numbers and the like: kubectl makes text of them.
struct Name;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Tree<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(value.to_owned().into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Any)? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree<'de>, A::Error> {
        let mut map = Fields::default();
        while let Some(name) = fields.next_key_seed(Name)? {
            let value = fields.next_value_seed(Any)?;
            map.insert(name, value)?;
        }
        Ok(Tree::Map(map.fields))
    }
}

impl<'de> Fields<'de> {
    fn insert<E: Error>(&mut self, name: Cow<'de, str>, value: Tree<'de>) -> Result<(), E> {
        let is_new = if self.fields.len() < FEW {
            self.fields.iter().all(|(there, _)| *there != name)
        } else {
            if self.names.is_empty() {
                self.names.extend(self.fields.iter().map(|(name, _)| name.clone()));
            }
            self.names.insert(name.clone())
        };
        if !is_new {
            return Err(E::custom(format!("the field `{name}` appears twice")));
        }
        self.fields.push((name, value));
        Ok(())
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
        while let Some(name) = fields.next_key_seed(Name)? {
            if name == "items" {
                is_list = true;
                fields.next_value_seed(Items(&mut self.0))?;
            } else {
                let value = fields.next_value_seed(Any)?;
                map.insert(name, value)?;
            }
        }
        if !is_list && !map.fields.is_empty() {
            (self.0)(Tree::Map(map.fields), false);
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
        while let Some(item) = items.next_element_seed(Any)? {
            (self.0)(item, true);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cow<'de, str>, E> {
        Ok(value.to_string().into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cow<'de, str>, E> {
        Ok(value.to_string().into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cow<'de, str>, E> {
        Ok(value.to_string().into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cow<'de, str>, E> {
        Ok(value.to_string().into())
    }

    fn visit_unit<E>(self) -> Result<Cow<'de, str>, E> {
        Ok("null".into())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(value.to_owned().into())
    }

    fn visit_string<E>(self, value: String) -> Result<Cow<'de, str>, E> {
        Ok(value.into())
    }
}

//! A part of a tree as serde reads it: it remembers where in the document it stands.
//!
//! The words of its errors are serde_json's. Knows no type.

use std::cell::OnceCell;
use std::fmt;
use std::slice;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use crate::tree::{Field, Tree};

/// A value and its place in the document.
#[derive(Clone, Copy)]
pub(super) struct Part<'p, 'de> {
    pub(super) value: &'de Tree<'de>,
    pub(super) place: Place<'p, 'de>,
    /// The path of the first value that did not fit. The innermost one is refused first.
    pub(super) refused: &'p OnceCell<String>,
}

/// A step on the way from the document's root to a value.
#[derive(Clone, Copy)]
pub(super) enum Place<'p, 'de> {
    Root,
    Field(&'p Place<'p, 'de>, &'de str),
    Item(&'p Place<'p, 'de>, usize),
}

impl<'p, 'de> Part<'p, 'de> {
    /// Reads a value below this one.
    fn read<'b, S: DeserializeSeed<'de>>(
        &'b self,
        place: Place<'b, 'de>,
        value: &'de Tree<'de>,
        seed: S,
    ) -> Result<S::Value, Error>
    where
        'p: 'b,
    {
        seed.deserialize(Part { value, place, refused: self.refused }).inspect_err(|_| {
            self.refused.get_or_init(|| place.to_string());
        })
    }

    fn unexpected(&self) -> Unexpected<'de> {
        match self.value {
            Tree::Null => Unexpected::Unit,
            Tree::Bool(value) => Unexpected::Bool(*value),
            Tree::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Unexpected::Unsigned(number),
                (None, Some(number)) => Unexpected::Signed(number),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or_default()),
            },
            Tree::Text(text) => Unexpected::Str(text),
            Tree::List(_) => Unexpected::Seq,
            Tree::Map(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for Part<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Number(number) => number.deserialize_any(visitor),
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::List(items) => {
                let mut items = Items { list: &self, rest: items.iter().enumerate() };
                let value = visitor.visit_seq(&mut items)?;
                match items.rest.len() {
                    0 => Ok(value),
                    more => Err(Error::invalid_length(more, &"fewer elements in array")),
                }
            }
            Tree::Map(fields) => visitor.visit_map(Fields { map: &self, rest: fields.iter(), current: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self.value, Tree::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Tree::Text(name) => visitor.visit_enum(Variant { within: &self, name, value: None }),
            Tree::Map(fields) => match fields.as_slice() {
                [(name, value)] => visitor.visit_enum(Variant { within: &self, name, value: Some(value) }),
                _ => Err(Error::invalid_value(Unexpected::Map, &"map with a single key")),
            },
            _ => Err(Error::invalid_type(self.unexpected(), &"string or map")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct Items<'p, 'de> {
    list: &'p Part<'p, 'de>,
    rest: std::iter::Enumerate<slice::Iter<'de, Tree<'de>>>,
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        self.list.read(Place::Item(&self.list.place, index), value, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Fields<'p, 'de> {
    map: &'p Part<'p, 'de>,
    rest: slice::Iter<'de, Field<'de>>,
    current: Option<&'de Field<'de>>,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.current = self.rest.next();
        let Some((name, _)) = self.current else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((name, value)) = self.current else { return Err(Error::custom("value without a key")) };
        self.map.read(Place::Field(&self.map.place, name), value, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Variant<'p, 'de> {
    within: &'p Part<'p, 'de>,
    name: &'de str,
    value: Option<&'de Tree<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        Ok((seed.deserialize(BorrowedStrDeserializer::new(self.name))?, self))
    }
}

impl<'de> Variant<'_, 'de> {
    fn content<S: DeserializeSeed<'de>>(self, expected: &'static str, seed: S) -> Result<S::Value, Error> {
        let value = self.value.ok_or_else(|| Error::invalid_type(Unexpected::UnitVariant, &expected))?;
        self.within.read(Place::Field(&self.within.place, self.name), value, seed)
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.value.is_none() { Ok(()) } else { self.content("unit variant", std::marker::PhantomData) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        self.content("newtype variant", seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.content("tuple variant", Visit(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content("struct variant", Visit(visitor))
    }
}

/// What a visitor makes of any value.
struct Visit<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Visit<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}

impl fmt::Display for Place<'_, '_> {
    /// Such as `spec.ports[0].number`; empty for the root.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => Ok(()),
            Place::Field(Place::Root, name) => formatter.write_str(name),
            Place::Field(above, name) => write!(formatter, "{above}.{name}"),
            Place::Item(above, index) => write!(formatter, "{above}[{index}]"),
        }
    }
}

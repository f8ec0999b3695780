//! A part of a tree as serde reads it. An error learns its path on its way out.
//!
//! Knows no type.

use std::iter::Enumerate;
use std::slice;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::FieldError;
use crate::tree::{Field, Tree};

/// One value of a tree, as serde reads it.
#[derive(Clone, Copy)]
pub(super) struct TreeDeserializer<'de> {
    pub(super) value: &'de Tree<'de>,
}

impl<'de> TreeDeserializer<'de> {
    fn unexpected(self) -> Unexpected<'de> {
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

impl<'de> Deserializer<'de> for TreeDeserializer<'de> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.value {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::List(items) => {
                let mut rest = ListReader(items.iter().enumerate());
                let value = visitor.visit_seq(&mut rest)?;
                if rest.0.len() == 0 {
                    return Ok(value);
                }
                Err(FieldError::invalid_length(items.len(), &"fewer"))
            }
            Tree::Map(fields) => visitor.visit_map(MapReader { rest: fields.iter(), current: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if matches!(self.value, Tree::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is none, although serde would take its items for the fields in their order: Kubernetes does not.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        match self.value {
            Tree::Map(_) => self.deserialize_any(visitor),
            _ => Err(FieldError::invalid_type(self.unexpected(), &"a map")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        match self.value {
            Tree::Text(name) => visitor.visit_enum(Variant { name, value: None }),
            Tree::Map(fields) => match fields.as_slice() {
                [(name, value)] => visitor.visit_enum(Variant { name, value: Some(value) }),
                _ => Err(FieldError::invalid_value(Unexpected::Map, &"a map with one field")),
            },
            _ => Err(FieldError::invalid_type(self.unexpected(), &"a word")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

struct ListReader<'de>(Enumerate<slice::Iter<'de, Tree<'de>>>);

impl<'de> SeqAccess<'de> for &mut ListReader<'de> {
    type Error = FieldError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, FieldError> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(TreeDeserializer { value }).map(Some).map_err(|error| error.below(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct MapReader<'de> {
    rest: slice::Iter<'de, Field<'de>>,
    current: Option<&'de Field<'de>>,
}

impl<'de> MapAccess<'de> for MapReader<'de> {
    type Error = FieldError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, FieldError> {
        self.current = self.rest.next();
        let Some((name, _)) = self.current else { return Ok(None) };
        let key: Result<_, FieldError> = seed.deserialize(BorrowedStrDeserializer::new(name));
        key.map(Some).map_err(|error| error.named(name))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, FieldError> {
        let Some((name, value)) = self.current else { return Err(FieldError::custom("value without a key")) };
        seed.deserialize(TreeDeserializer { value }).map_err(|error| error.below(&**name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Variant<'de> {
    name: &'de str,
    value: Option<&'de Tree<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = FieldError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), FieldError> {
        Ok((seed.deserialize(BorrowedStrDeserializer::new(self.name))?, self))
    }
}

impl<'de> Variant<'de> {
    fn content<S: DeserializeSeed<'de>>(
        self,
        expected: &'static str,
        seed: S,
    ) -> Result<S::Value, FieldError> {
        let value = self.value.ok_or_else(|| FieldError::invalid_type(Unexpected::UnitVariant, &expected))?;
        seed.deserialize(TreeDeserializer { value }).map_err(|error| error.below(self.name))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = FieldError;

    fn unit_variant(self) -> Result<(), FieldError> {
        if self.value.is_none() { Ok(()) } else { self.content("unit variant", std::marker::PhantomData) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, FieldError> {
        self.content("newtype variant", seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, FieldError> {
        self.content("tuple variant", Visit(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
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

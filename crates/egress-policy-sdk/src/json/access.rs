//! What is inside a list, an object or a variant, one part after the other, as serde asks for it.

use alloc::format;
use alloc::string::String;
use core::slice::Iter;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::{Error, Value};

/// What stands in a list.
pub(super) struct Items<'v, 't> {
    rest: Iter<'v, Value<'t>>,
    taken: usize,
}

/// What stands in an object.
pub(super) struct Fields<'v, 't> {
    rest: Iter<'v, (String, Value<'t>)>,
    /// The field whose value is next.
    field: Option<&'v (String, Value<'t>)>,
}

/// A name and what it holds.
pub(super) struct Variant<'v, 't> {
    pub(super) name: &'v str,
    pub(super) value: &'v Value<'t>,
}

impl<'v, 't> Items<'v, 't> {
    pub(super) fn of(items: &'v [Value<'t>]) -> Self {
        Items { rest: items.iter(), taken: 0 }
    }
}

impl<'v, 't> Fields<'v, 't> {
    pub(super) fn of(fields: &'v [(String, Value<'t>)]) -> Self {
        Fields { rest: fields.iter(), field: None }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.rest.next() else { return Ok(None) };
        self.taken += 1;
        seed.deserialize(item).map(Some).map_err(|error| in_item(error, self.taken - 1))
    }
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.field = self.rest.next();
        let Some((name, _)) = self.field else { return Ok(None) };
        seed.deserialize(name.as_str().into_deserializer()).map(Some).map_err(|error| in_field(error, name))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, value)) = self.field else { return Err(Error::of("a value without a name")) };
        seed.deserialize(value).map_err(|error| in_field(error, name))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant = seed.deserialize(self.name.into_deserializer());
        variant.map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if let Value::Null = self.value {
            Ok(())
        } else {
            Err(in_field(Error::expected(&"`null`"), self.name))
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.value).map_err(|error| in_field(error, self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.value.deserialize_seq(visitor).map_err(|error| in_field(error, self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value.deserialize_map(visitor).map_err(|error| in_field(error, self.name))
    }
}

pub(super) fn in_item(error: Error, index: usize) -> Error {
    error.inside(&format!("[{index}]"))
}

pub(super) fn in_field(error: Error, name: &str) -> Error {
    error.inside(name).inside(".")
}

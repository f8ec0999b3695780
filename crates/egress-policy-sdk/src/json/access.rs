//! What is inside a list, an object or a variant, one part after the other, as serde asks for it.

use alloc::format;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{Error, Reader};

/// What stands between brackets.
pub(super) struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// How many parts were begun.
    begun: usize,
}

/// What stands between braces.
pub(super) struct Fields<'r, 'de> {
    items: Items<'r, 'de>,
    /// The key whose value is next, as it stands in the text.
    key: &'de str,
}

/// One key and its value, which say a variant and what is in it.
pub(super) struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    key: &'de str,
}

impl<'r, 'de> Items<'r, 'de> {
    pub(super) fn of(reader: &'r mut Reader<'de>) -> Self {
        Items { reader, begun: 0 }
    }

    /// Goes to the next part, if there is one before this end.
    fn more(&mut self, end: u8) -> Result<bool, Error> {
        match self.reader.text.peek() {
            Some(byte) if byte == end => return Ok(false),
            Some(b',') if self.begun > 0 => self.reader.text.take(b',')?,
            Some(_) if self.begun == 0 => {}
            _ => return self.reader.text.take(end).map(|()| false),
        }
        self.begun += 1;
        Ok(true)
    }
}

impl<'r, 'de> Fields<'r, 'de> {
    pub(super) fn of(reader: &'r mut Reader<'de>) -> Self {
        Fields { items: Items::of(reader), key: "" }
    }
}

impl<'r, 'de> Variant<'r, 'de> {
    pub(super) fn of(reader: &'r mut Reader<'de>) -> Self {
        Variant { reader, key: "" }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !self.more(b']')? {
            return Ok(None);
        }
        let index = self.begun - 1;
        seed.deserialize(&mut *self.reader).map(Some).map_err(|error| error.inside(&format!("[{index}]")))
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.items.more(b'}')? {
            return Ok(None);
        }
        key(self.items.reader, &mut self.key, seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.items.reader.text.take(b':')?;
        seed.deserialize(&mut *self.items.reader).map_err(|error| in_field(error, self.key))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(mut self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant = key(self.reader, &mut self.key, seed)?;
        self.reader.text.take(b':')?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.reader.text.word("null") { Ok(()) } else { Err(Error::of("`null` was expected")) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.reader).map_err(|error| in_field(error, self.key))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.reader.deserialize_seq(visitor).map_err(|error| in_field(error, self.key))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.reader.deserialize_map(visitor).map_err(|error| in_field(error, self.key))
    }
}

/// Reads a key, and keeps its text for errors in its value.
fn key<'de, K: DeserializeSeed<'de>>(
    reader: &mut Reader<'de>,
    text: &mut &'de str,
    seed: K,
) -> Result<K::Value, Error> {
    if reader.text.peek() != Some(b'"') {
        return Err(Error::of("a key was expected"));
    }
    let rest = reader.text.unread();
    let value = seed.deserialize(&mut *reader);
    let length = rest.len() - reader.text.unread().len();
    *text = rest.get(..length).unwrap_or_default().trim_matches('"');
    value.map_err(|error| in_field(error, text))
}

fn in_field(error: Error, key: &str) -> Error {
    error.inside(key).inside(".")
}

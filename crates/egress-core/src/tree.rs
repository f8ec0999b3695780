//! A document as a tree that borrows its texts: what is read of an object is copied once, into its type.
//!
//! A tree of `serde_json::Value` copies every name of a field, too, and orders the fields of every map by a hash: for many
//! thousand objects that is most of the time it takes to read them. Knows no format and no type.

use std::borrow::Cow;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Number, Value};

/// A value of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Tree<'a>>),
    /// The fields of a map, in their order; no name is there twice.
    Map(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// A field of a map.
    pub fn get(&self, name: &str) -> Option<&Tree<'a>> {
        let Tree::Map(fields) = self else { return None };
        fields.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// What a path of fields leads to.
    pub fn at(&self, path: &[&str]) -> Option<&Tree<'a>> {
        path.iter().try_fold(self, |tree, name| tree.get(name))
    }

    /// A field of a map, which gets this value where it has none. None of what is no map.
    pub fn field_or(&mut self, name: &'a str, value: Tree<'a>) -> Option<&mut Tree<'a>> {
        let Tree::Map(fields) = self else { return None };
        let place = fields.iter().position(|(found, _)| found == name).unwrap_or_else(|| {
            fields.push((name.into(), value));
            fields.len() - 1
        });
        fields.get_mut(place).map(|(_, value)| value)
    }

    /// A text.
    pub fn as_str(&self) -> Option<&str> {
        if let Tree::Text(text) = self { Some(text) } else { None }
    }

    /// The fields of a map, with their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        let fields = if let Tree::Map(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'a> From<&'a str> for Tree<'a> {
    fn from(text: &'a str) -> Self {
        Tree::Text(text.into())
    }
}

impl<'a> From<&'a Value> for Tree<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(value) => Tree::Bool(*value),
            Value::Number(number) => Tree::Number(number.clone()),
            Value::String(text) => Tree::Text(text.into()),
            Value::Array(items) => Tree::List(items.iter().map(Tree::from).collect()),
            Value::Object(fields) => {
                Tree::Map(fields.iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
}

impl From<&Tree<'_>> for Value {
    fn from(tree: &Tree<'_>) -> Self {
        match tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(number) => Value::Number(number.clone()),
            Tree::Text(text) => Value::String(text.clone().into_owned()),
            Tree::List(items) => Value::Array(items.iter().map(Value::from).collect()),
            Tree::Map(fields) => Value::Object(
                fields.iter().map(|(name, value)| (name.clone().into_owned(), value.into())).collect(),
            ),
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Tree<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Tree<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Number(number) => number.deserialize_any(visitor),
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::List(items) => {
                let mut items = SeqDeserializer::new(items.iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Tree::Map(fields) => {
                let mut fields = entries(fields);
                let value = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self, Tree::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
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
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Tree::Text(text) => visitor.visit_enum(text.as_ref().into_deserializer()),
            Tree::Map(fields) => visitor.visit_enum(MapAccessDeserializer::new(entries(fields))),
            // Which says what was expected.
            _ => Value::from(self).deserialize_enum(name, variants, visitor),
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

type Entries<'de, I> = MapDeserializer<'de, I, Error>;

fn entries<'de>(
    fields: &'de [(Cow<'_, str>, Tree<'_>)],
) -> Entries<'de, impl Iterator<Item = (&'de str, &'de Tree<'de>)>> {
    MapDeserializer::new(fields.iter().map(|(name, value)| (name.as_ref(), value)))
}

#[cfg(test)]
mod tests {
    use egress_istio::gateway::GatewaySpec;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_is_read_as_from_a_value_and_refused_with_the_same_words() {
        let server = |number: Value, mode: Value| {
            json!({"servers": [{
                "hosts": ["*"],
                "port": {"name": "https", "number": number, "protocol": "HTTPS"},
                "tls": {"mode": mode},
            }]})
        };
        let values = [
            server(json!(443), json!("ISTIO_MUTUAL")),
            server(json!("443"), json!("ISTIO_MUTUAL")),
            server(json!(443), json!("MUTUALLY")),
            server(json!(443), json!({"SIMPLE": null})),
            server(json!(443), json!(1)),
            server(json!(null), json!(null)),
            json!({"servers": {}, "selector": {"app": 1.5}}),
            json!({"selector": {"app": "istio"}, "of another version": [true]}),
            json!([null, []]),
            json!("text"),
        ];
        for value in &values {
            let of_value = GatewaySpec::deserialize(value).map_err(|error| error.to_string());
            let of_tree = GatewaySpec::deserialize(&Tree::from(value)).map_err(|error| error.to_string());
            assert_eq!(of_tree, of_value, "{value}");
        }
    }

    #[test]
    fn a_tree_of_a_value_is_that_value() {
        let value = json!({"b": [1, -2, 0.5, null, true], "a": {"text": "x"}});
        assert_eq!(Value::from(&Tree::from(&value)), value);
    }
}

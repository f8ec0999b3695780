//! Reads JSON into any type that serde can: settings, and the values of facts.
//!
//! A library for all of JSON is 40 KB of a module, mostly to print numbers with fractions in its messages. This one
//! knows whole numbers, and fractions only where a type asks for them; an error says in which field it is. Text becomes
//! a tree first, in code that is there once, and the tree becomes the type, in little code for each type.

mod access;
mod text;

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::de::{self, DeserializeOwned, Expected, IntoDeserializer as _, Unexpected, Visitor};

use self::access::{Fields, Items, Variant};
use self::text::Text;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Reason>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reason {
    message: String,
    path: String,
}

/// Reads all of a text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(&Text::new(text).whole()?)
}

/// What a text says.
enum Value<'t> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    String(String),
    List(Vec<Value<'t>>),
    Object(Vec<(String, Value<'t>)>),
}

impl Value<'_> {
    /// A number that the type can hold; otherwise what it says it wants.
    fn number<T: FromStr>(&self, expected: &dyn Expected) -> Result<T, Error> {
        let number = if let Value::Number(text) = self { text.parse().ok() } else { None };
        number.ok_or_else(|| Error::expected(expected))
    }
}

/// Shapes that are read as another one.
macro_rules! forward {
    ($($($from:ident)+ => $to:ident,)+) => { $($(
        fn $from<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$to(visitor)
        }
    )+)+ };
}

/// A method for each shape, rather than one for all: a type pays in code only for the shapes it has.
impl<'de> de::Deserializer<'de> for &Value<'_> {
    type Error = Error;

    /// For types that take what comes.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Number(text) if text.starts_with('-') => {
                visitor.visit_i64(self.number(&"a whole number")?)
            }
            Value::Number(_) => visitor.visit_u64(self.number(&"a whole number")?),
            Value::String(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items::of(items)),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Bool(truth) = self {
            visitor.visit_bool(*truth)
        } else {
            Err(Error::expected(&visitor))
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.number(&visitor)?;
        visitor.visit_u64(number)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.number(&visitor)?;
        visitor.visit_i64(number)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.number(&visitor)?;
        visitor.visit_f64(number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::String(text) = self { visitor.visit_str(text) } else { Err(Error::expected(&visitor)) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::List(items) = self {
            visitor.visit_seq(Items::of(items))
        } else {
            Err(Error::expected(&visitor))
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Object(fields) = self {
            visitor.visit_map(Fields::of(fields))
        } else {
            Err(Error::expected(&visitor))
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Null = self { visitor.visit_unit() } else { Err(Error::expected(&visitor)) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Null = self { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// `"variant"`, or `{"variant": …}`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Value::String(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            Value::Object(fields) if let [(name, value)] = fields.as_slice() => {
                visitor.visit_enum(Variant { name, value })
            }
            _ => Err(Error::expected(&visitor)),
        }
    }

    forward! {
        deserialize_u8 deserialize_u16 deserialize_u32 => deserialize_u64,
        deserialize_i8 deserialize_i16 deserialize_i32 => deserialize_i64,
        deserialize_f32 => deserialize_f64,
        deserialize_string deserialize_char deserialize_identifier => deserialize_str,
        deserialize_bytes deserialize_byte_buf => deserialize_seq,
        deserialize_ignored_any => deserialize_any,
    }

    serde::forward_to_deserialize_any! { unit_struct tuple tuple_struct }
}

impl Error {
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// With which part, such as `.catalogue.stripe.ports[1]`; empty: with the whole.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    fn of(message: &str) -> Self {
        Error(Box::new(Reason { message: message.into(), path: String::new() }))
    }

    fn expected(expected: &dyn Expected) -> Self {
        de::Error::custom(format_args!("expected {expected}"))
    }

    /// The same error, seen from one step further out.
    fn inside(mut self, step: &str) -> Self {
        self.0.path.insert_str(0, step);
        self
    }
}

/// Without what was found in the place: printing a number with a fraction alone is 20 KB of a module.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::of(&message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::expected(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::expected(expected)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path().strip_prefix('.').unwrap_or(self.path()) {
            "" => formatter.write_str(self.message()),
            path => write!(formatter, "{path}: {}", self.message()),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::format;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Settings {
        ports: Vec<u16>,
        #[serde(default)]
        owner_name: Option<String>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        mode: Mode,
        #[serde(default)]
        share: f64,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        #[default]
        Strict,
        Only(String),
    }

    fn message(text: &str) -> String {
        from_str::<Settings>(text).unwrap_err().to_string()
    }

    #[test]
    fn every_shape_of_settings_is_read() {
        let text = r#" { "ports" : [80, 443], "owner-name": "a\"\u00e4\ud83d\ude00\n", "labels": {"a": "b"},
            "mode": {"only": "x"}, "share": -1.5e3 } "#;

        let settings: Settings = from_str(text).unwrap();

        assert_eq!(settings.ports, [80, 443]);
        assert_eq!(settings.owner_name.as_deref(), Some("a\"ä😀\n"));
        assert_eq!(settings.labels["a"], "b");
        assert_eq!(settings.mode, Mode::Only("x".into()));
        assert!((settings.share + 1500.0).abs() < 1e-9);
        assert_eq!(
            from_str::<Settings>(r#"{"ports":[],"mode":"strict","owner-name":null}"#).unwrap().mode,
            Mode::Strict
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            (r#"{"ports":[80,"443"]}"#, "ports[1]: expected u16"),
            (r#"{"ports":[65536]}"#, "ports[0]: expected u16"),
            (r#"{"ports":[1.5]}"#, "ports[0]: expected u16"),
            (r#"{"ports":80}"#, "ports: expected a sequence"),
            (r#"{"ports":[],"labels":{"a":1}}"#, "labels.a: expected a string"),
            (r#"{"ports":[],"mode":{"only":1}}"#, "mode.only: expected a string"),
            (r#"{"ports":[],"mode":"loose"}"#, "mode: unknown variant `loose`, expected `strict` or `only`"),
            ("{}", "missing field `ports`"),
            (r#"{"ports":[]} x"#, "something follows the value"),
            (r#"{"ports":[1,]}"#, "ports[1]: a value was expected"),
            (r#"{"ports":[1"#, "ports: `]` was expected"),
        ];
        for (text, expected) in cases {
            assert_eq!(message(text), expected, "{text}");
        }
        assert!(message(r#"{"port":[]}"#).starts_with("port: unknown field `port`, expected one of `ports`"));
    }

    #[test]
    fn a_text_that_is_too_deep_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));

        assert!(from_str::<de::IgnoredAny>(&deep).unwrap_err().to_string().contains("too deep"));
    }

    proptest! {
        #[test]
        fn it_reads_what_a_library_reads(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert_eq!(from_str::<serde_json::Value>(&text.unwrap()).unwrap(), value);
        }

        #[test]
        fn no_text_makes_it_panic_or_read_what_a_library_refuses(text in "[\\[\\]{}\",:0-9a-z\\\\ .-]{0,24}") {
            if let Ok(value) = from_str::<serde_json::Value>(&text) {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
            }
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::hash_map(".{0,4}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}

//! Reads JSON into any type that serde can: settings, and the values of facts.
//!
//! A library for all of JSON is 40 KB of a module, mostly to print numbers with fractions in its messages. This one
//! knows whole numbers, and fractions only where a type asks for them; an error says in which field it is.

mod access;
mod text;

use alloc::string::{String, ToString as _};
use core::fmt;

use serde::Deserialize;
use serde::de::{self, Expected, IntoDeserializer as _, Unexpected, Visitor};

use self::access::{Fields, Items, Variant};
use self::text::Text;

/// How deep lists and objects may stand in one another: a reader must not run out of stack.
const DEEPEST: u8 = 64;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// With which part, such as `.catalogue.stripe.ports[1]`; empty: with the whole.
    pub path: String,
}

/// Reads all of a text.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let mut reader = Reader { text: Text::new(text), depth: 0 };
    let value = T::deserialize(&mut reader)?;
    reader.text.end().map(|()| value)
}

/// Shapes that are read as another one.
macro_rules! forward {
    ($($($from:ident)+ => $to:ident,)+) => { $($(
        fn $from<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$to(visitor)
        }
    )+)+ };
}

/// A place in a text, and how deep it is.
struct Reader<'de> {
    text: Text<'de>,
    depth: u8,
}

impl<'de> Reader<'de> {
    /// One list, object or variant with what is inside.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEEPEST {
            return Err(Error::of("lists and objects stand too deep in one another"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.text.take(b'[')?;
        let value = self.nested(|reader| visitor.visit_seq(Items::of(reader)))?;
        self.text.take(b']')?;
        Ok(value)
    }

    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.text.take(b'{')?;
        let value = self.nested(|reader| visitor.visit_map(Fields::of(reader)))?;
        self.text.take(b'}')?;
        Ok(value)
    }

    /// A whole number; what is none, or does not fit, is what the type says it wants.
    fn whole<T: core::str::FromStr>(&mut self, expected: &dyn Expected) -> Result<T, Error> {
        let number = self.text.number();
        number.and_then(|number| number.parse().ok()).ok_or_else(|| Error::expected(expected))
    }

    fn truth(&mut self, expected: &dyn Expected) -> Result<bool, Error> {
        let truth = [("true", true), ("false", false)].into_iter().find(|(word, _)| self.text.word(word));
        truth.map(|(_, truth)| truth).ok_or_else(|| Error::expected(expected))
    }

    fn next_is(&mut self, byte: u8, expected: &dyn Expected) -> Result<(), Error> {
        if self.text.peek() == Some(byte) { Ok(()) } else { Err(Error::expected(expected)) }
    }
}

/// A method for each shape, rather than one for all: a type pays in code only for the shapes it has.
impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    /// For types that take what comes.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text.peek() {
            Some(b'"') => visitor.visit_string(self.text.string()?),
            Some(b'[') => self.list(visitor),
            Some(b'{') => self.object(visitor),
            Some(b't' | b'f') => visitor.visit_bool(self.truth(&"a value")?),
            Some(b'n') => self.deserialize_unit(visitor),
            Some(b'-') => visitor.visit_i64(self.whole(&"a whole number")?),
            Some(_) => visitor.visit_u64(self.whole(&"a value; numbers are whole")?),
            None => Err(Error::of("a value was expected")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let truth = self.truth(&visitor)?;
        visitor.visit_bool(truth)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(&visitor)?;
        visitor.visit_u64(number)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(&visitor)?;
        visitor.visit_i64(number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.next_is(b'"', &visitor)?;
        visitor.visit_string(self.text.string()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.next_is(b'[', &visitor)?;
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.next_is(b'{', &visitor)?;
        self.object(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.text.word("null") { visitor.visit_unit() } else { Err(Error::expected(&visitor)) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.text.word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.text.number().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| Error::expected(&visitor))?;
        visitor.visit_f64(number)
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
        if self.text.peek() == Some(b'"') {
            return visitor.visit_enum(self.text.string()?.into_deserializer());
        }
        self.text.take(b'{')?;
        let value = self.nested(|reader| visitor.visit_enum(Variant::of(reader)))?;
        self.text.take(b'}')?;
        Ok(value)
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
    fn of(message: &str) -> Self {
        Error { message: message.into(), path: String::new() }
    }

    fn expected(expected: &dyn Expected) -> Self {
        de::Error::custom(format_args!("expected {expected}"))
    }

    /// The same error, seen from one step further out.
    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// Without what was found in the place: printing a number with a fraction alone is 20 KB of a module.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error { message: message.to_string(), path: String::new() }
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
        match self.path.strip_prefix('.').unwrap_or(&self.path) {
            "" => formatter.write_str(&self.message),
            path => write!(formatter, "{path}: {}", self.message),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::vec::Vec;

    use proptest::prelude::*;

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
            (r#"{"ports":[1,]}"#, "ports[1]: expected u16"),
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

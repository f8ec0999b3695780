//! Any value as one JSON or YAML document, written so that every reader reads back the same value.
//!
//! Knows the two notations and their traps. Knows nothing of Kubernetes; see `manifest`.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::PrettyFormatter;
use serde_saphyr::{DoubleQuoted, ser_options};

use crate::error::RenderError;
use crate::escape::{escape, is_hidden};

/// The version of the documents that kubectl egress writes of its own; their schemas are in `docs/schema`.
pub const API_VERSION: &str = "kubectl-egress.github.io/v1alpha1";

/// JSON as kubectl prints it, indented by four blanks, with a newline at the end.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold the value.
pub fn json(value: &Value) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes,
        PrettyFormatter::with_indent(b"    "),
    ))?;
    let mut text = visible(&String::from_utf8_lossy(&bytes), json_escape);
    text.push('\n');
    Ok(text)
}

/// YAML in block style, indented by two blanks, with a newline at the end.
///
/// Strings that YAML 1.1 takes for booleans or numbers (`on`, `y`, `010`, `1e3`) are quoted: kubectl's reader is such a
/// reader. Long texts stay on one line, as kubectl writes them.
///
/// # Errors
/// [`RenderError::Yaml`] when YAML cannot hold the value.
pub fn yaml(value: &Value) -> Result<String, RenderError> {
    let options = ser_options! { prefer_block_scalars: false };
    let mut text = visible(&serde_saphyr::to_string_with_options(&Quoted(value), options)?, yaml_escape);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// A value whose strings are double-quoted where they hold what must be escaped.
struct Quoted<'a>(&'a Value);

impl Serialize for Quoted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.contains(is_hidden) => DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Quoted)),
            // The writer does not quote keys on demand. No key of Kubernetes holds such a character.
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (escape(key), Quoted(value))))
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// Writers escape what their notation forbids; a terminal obeys more, and a reader is fooled by more. What is left
/// stands inside double quotes, so that each character may be replaced by its escape.
fn visible(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !is_hidden(character) {
            shown.push(character);
        } else {
            shown.push_str(&escape(character));
        }
    }
    shown
}

fn json_escape(character: char) -> String {
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect::<Vec<_>>()
        .concat()
}

fn yaml_escape(character: char) -> String {
    format!("\\U{:08x}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Strings that some YAML reader takes for something else.
    const AMBIGUOUS: &[&str] = &[
        "on",
        "off",
        "yes",
        "no",
        "y",
        "n",
        "Y",
        "N",
        "true",
        "True",
        "null",
        "~",
        "010",
        "0o10",
        "0x1F",
        "1_000",
        "1e3",
        "12:30:45",
        "2024-01-01",
        ".inf",
        ".nan",
        "-",
        "",
        " x",
        "x ",
        "# x",
        "a: b",
        "*",
        "&a",
        "!x",
        "%x",
        "@x",
        "`x",
        "[a",
        "{a",
        "'",
        "\"",
        "---",
        "...",
        "=",
        "<<",
    ];

    /// Text of which every third character is one that must be escaped.
    const TEXT: &str = "([\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{feff}\u{e0000}-\u{e007f}]|[a-z:#'\"\\\\ -]|\\PC){0,8}";

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            TEXT.prop_map(Value::from),
            proptest::sample::select(AMBIGUOUS).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(
                    ("\\PC{0,8}".prop_map(|key| escape(&key).into_owned()), inner),
                    0..4
                )
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn strings_that_look_like_something_else_are_quoted() {
        for text in AMBIGUOUS {
            let written = yaml(&json!({ "key": text })).unwrap();
            let quoted = written.starts_with("key: \"") || written.starts_with("key: '");
            assert!(quoted, "{text:?} is written as {written:?}");
        }
    }

    #[test]
    fn plain_strings_stay_plain() {
        let written =
            yaml(&json!({ "hosts": ["edition.cnn.com"], "to": "istio-system/egress", "by": "a@b.c" }))
                .unwrap();
        assert_eq!(written, "hosts:\n- edition.cnn.com\nto: istio-system/egress\nby: a@b.c\n");
    }

    #[test]
    fn yaml_shows_what_a_terminal_would_obey() {
        let written = yaml(&json!({ "a": "\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}" })).unwrap();
        assert_eq!(written, "a: \"\\e[2J\\x9B2J\\U0000202e\\U000e0041\"\n");
    }

    #[test]
    fn json_shows_what_a_terminal_would_obey() {
        let written = json(&json!({ "a": "\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}" })).unwrap();
        assert_eq!(written, "{\n    \"a\": \"\\u001b[2J\\u009b2J\\u202e\\udb40\\udc41\"\n}\n");
    }

    proptest! {
        #[test]
        fn json_reads_back_as_what_was_written(value in value()) {
            let text = json(&value).unwrap();
            prop_assert!(!text.replace('\n', "").contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }

        #[test]
        fn yaml_reads_back_as_what_was_written(value in value()) {
            let text = yaml(&value).unwrap();
            prop_assert!(!text.replace('\n', "").contains(is_hidden), "{text:?}");
            prop_assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), value);
        }
    }
}

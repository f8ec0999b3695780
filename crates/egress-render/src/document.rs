//! Any value as one JSON or YAML document, written so that every reader reads back the same value.
//!
//! Knows the two notations and their traps. Knows nothing of Kubernetes; see `manifest`.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_saphyr::ser_options;

use crate::error::RenderError;
use crate::escape::is_hidden;

/// JSON as kubectl prints it, indented by four blanks, with a newline at the end.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold the value.
pub fn json(value: &Value) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    ")))?;
    let mut text = visible(&String::from_utf8_lossy(&bytes));
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
    let mut text = serde_saphyr::to_string_with_options(value, ser_options! { prefer_block_scalars: false })?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// JSON must escape C0 only; a terminal obeys C1 as well, and a reader is fooled by characters that reorder text.
/// Outside of strings JSON holds none of these, so that each may be replaced by its escape.
fn visible(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !is_hidden(character) {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing into a String does not fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
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

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<String>().prop_map(Value::from),
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
                proptest::collection::vec((any::<String>(), inner), 0..4)
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

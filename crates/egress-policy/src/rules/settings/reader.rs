//! Reads JSON values of a known shape, and collects what is wrong with them, each with its place.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::answer::{Finding, Severity};
use crate::label::{is_key, is_value};
use egress_core::host::{printable, quoted};
use egress_core::words::unknown;

/// Reads settings, and collects what is wrong with them.
#[derive(Default)]
pub(super) struct SettingsReader {
    pub(super) findings: Vec<Finding>,
}

impl SettingsReader {
    pub(super) fn wrong(&mut self, at: &str, message: String) {
        self.findings.push(Finding::at(at.to_owned(), "bad-settings", Severity::Deny, message));
    }

    fn unexpected(&mut self, at: &str, expected: &str, found: &Value) {
        let found = match found {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => quoted(text),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a map".to_owned(),
        };
        self.wrong(at, format!("expected {expected}, found {found}"));
    }

    /// The fields of a map, of which only some are known.
    pub(super) fn fields<'a>(
        &mut self,
        value: &'a Value,
        at: &str,
        known: &[&str],
    ) -> BTreeMap<String, &'a Value> {
        let Value::Object(fields) = value else {
            self.unexpected(at, "a map", value);
            return BTreeMap::new();
        };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.wrong(at, unknown("field", name, known));
        }
        fields.iter().map(|(name, value)| (name.clone(), value)).collect()
    }

    pub(super) fn list<'a>(&mut self, value: &'a Value, at: &str) -> Option<&'a Vec<Value>> {
        if value.as_array().is_none() {
            self.unexpected(at, "a list", value);
        }
        value.as_array()
    }

    /// A list of texts that are something, at least one.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, value: &Value, at: &str) -> Vec<T> {
        let items = self.list(value, at);
        if items.is_some_and(Vec::is_empty) {
            self.wrong(at, "expected at least one entry, found none".to_owned());
        }
        let items = items.into_iter().flatten().enumerate();
        items.filter_map(|(place, item)| self.one(item, &format!("{at}[{place}]"))).collect()
    }

    /// A text that is something.
    pub(super) fn one<T: FromStr<Err: Display>>(&mut self, value: &Value, at: &str) -> Option<T> {
        let Some(text) = value.as_str() else {
            self.unexpected(at, "a text", value);
            return None;
        };
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.wrong(at, format!("{error}"));
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<'a>(&mut self, value: &'a Value, at: &str, known: &[&str]) -> Option<&'a str> {
        match value.as_str() {
            Some(word) if known.contains(&word) => return Some(word),
            Some(word) => self.wrong(at, unknown("word", word, known)),
            None => self.unexpected(at, &format!("one of {}", known.join(", ")), value),
        }
        None
    }

    /// A whole number above zero.
    pub(super) fn count(&mut self, value: &Value, at: &str) -> Option<u32> {
        let number =
            value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        if number.is_none() {
            self.unexpected(at, "a whole number above 0", value);
        }
        number
    }

    /// The key of a label.
    pub(super) fn key(&mut self, value: Option<&Value>, at: &str) -> Option<String> {
        match value {
            Some(Value::String(key)) if is_key(key) => return Some(key.clone()),
            Some(other) => {
                self.unexpected(at, "the key of a label such as `topology.kubernetes.io/zone`", other);
            }
            None => self.wrong(at, "expected the key of a label, found none".to_owned()),
        }
        None
    }

    /// Labels and their values.
    pub(super) fn labels(&mut self, value: &Value, at: &str) -> BTreeMap<String, String> {
        let pairs = self.annotations(value, at);
        for (key, value) in pairs.iter().filter(|(_, value)| !is_value(value)) {
            let (key, value) = (printable(key), quoted(value));
            self.wrong(&format!("{at}.{key}"), format!("expected the value of a label, found {value}"));
        }
        pairs
    }

    /// Keys as those of labels, and any text.
    pub(super) fn annotations(&mut self, value: &Value, at: &str) -> BTreeMap<String, String> {
        let Value::Object(pairs) = value else {
            self.unexpected(at, "a map", value);
            return BTreeMap::new();
        };
        if pairs.is_empty() {
            self.wrong(at, "expected at least one entry, found none".to_owned());
        }
        let mut read = BTreeMap::new();
        for (key, value) in pairs {
            match value {
                _ if !is_key(key) => {
                    self.wrong(at, format!("expected a key such as `acme.com/owner`, found {}", quoted(key)));
                }
                Value::String(text) => {
                    read.insert(key.clone(), text.clone());
                }
                other => {
                    let expected = "a text; `\"true\"` is one, `true` is not";
                    self.unexpected(&format!("{at}.{key}"), expected, other);
                }
            }
        }
        read
    }
}

//! A value that does not fit its type: its path, and in words what was expected and what was found.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::host::{escaped, quoted};
use crate::path::{Path, PathStep};
use crate::words::unknown;

/// A field that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError(Box<Refused>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    path: Path,
    is_name: bool,
    message: String,
}

impl FieldError {
    /// The path of the value; empty for the value as a whole.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether the name of the field does not fit, and not its value.
    pub fn is_name(&self) -> bool {
        self.0.is_name
    }

    /// What was expected and what was found.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same, seen from the map or list that the value stands in.
    #[must_use]
    pub fn below(mut self, step: impl Into<PathStep>) -> Self {
        self.0.path.0.insert(0, step.into());
        self
    }

    /// The name of this field does not fit.
    pub(super) fn named(self, name: &str) -> Self {
        let mut error = self.below(name);
        error.0.is_name = true;
        error
    }

    fn of(message: String) -> Self {
        FieldError(Box::new(Refused { path: Path::default(), is_name: false, message }))
    }
}

impl Error for FieldError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        FieldError::of(escaped(&message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        FieldError::of(format!("expected {}, found {}", wanted(expected), there(found, expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        FieldError::of(format!("expected {expected}, found {length} items"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        FieldError::of(unknown("word", variant, expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        FieldError::of(unknown("field", field, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        FieldError::of(format!("expected the field `{field}`, found none"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        FieldError::of(format!("the field `{field}` appears twice"))
    }
}

/// What serde calls by the names of Rust, in words.
fn wanted(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        TEXT => "a text",
        "a sequence" => "a list",
        "a boolean" => "`true` or `false`",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        struct_name if struct_name.starts_with("struct ") => "a map",
        other => other,
    }
    .to_owned()
}

fn there(found: Unexpected<'_>, expected: &dyn Expected) -> String {
    let scalar = match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str("") => return "an empty text".to_owned(),
        Unexpected::Str(text) => return quoted(text),
        Unexpected::Unit | Unexpected::Option => return "nothing".to_owned(),
        Unexpected::Seq => return "a list".to_owned(),
        Unexpected::Map => return "a map".to_owned(),
        other => return escaped(&other.to_string()),
    };
    // `yes` and `010` are no texts in YAML, which surprises.
    let hint = if expected.to_string() == TEXT { "; put it in quotes" } else { "" };
    format!("`{scalar}`{hint}")
}

/// What serde calls a text.
const TEXT: &str = "a string";

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.0.is_empty() {
            write!(formatter, "{}: ", escaped(&self.0.path.to_string()))?;
        }
        formatter.write_str(&self.0.message)
    }
}

impl std::error::Error for FieldError {}

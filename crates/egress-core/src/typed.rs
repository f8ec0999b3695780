//! A tree as a type, or the path of the field that does not fit it.
//!
//! Knows no type.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::tree::Tree;

/// A field that does not fit.
#[derive(Debug)]
pub struct FieldError {
    /// Its path, such as `spec.ports[0].number`; empty for the value as a whole.
    pub field: String,
    /// What does not fit.
    pub error: serde_json::Error,
}

/// Reads a tree as a type.
///
/// # Errors
/// The first field that does not fit.
pub fn typed<T: DeserializeOwned>(value: &Tree<'_>) -> Result<T, FieldError> {
    // The path costs time, and nearly every value fits.
    T::deserialize(value).or_else(|_| serde_path_to_error::deserialize(value)).map_err(|error| {
        let field = error.path().to_string();
        FieldError { field: if field == "." { String::new() } else { field }, error: error.into_inner() }
    })
}

impl FieldError {
    /// The same, seen from the object that the value is a field of.
    #[must_use]
    pub fn below(self, field: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        FieldError { field: format!("{field}{dot}{}", self.field), ..self }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return self.error.fmt(formatter);
        }
        write!(formatter, "{}: {}", self.field, self.error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        let error = typed::<Vec<Vec<u16>>>(&(&json!([[1], [2, "three"]])).into()).unwrap_err().below("spec");
        assert_eq!(error.field, "spec[1][1]");
        assert!(error.to_string().contains("expected u16"), "{error}");
    }
}

//! A tree as a type, or the path of the field that does not fit it.
//!
//! Knows no type.

use std::cell::OnceCell;
use std::fmt;

use serde::de::DeserializeOwned;

use self::deserializer::{Part, Place};
use crate::tree::Tree;

mod deserializer;

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
    let refused = OnceCell::new();
    T::deserialize(Part { value, place: Place::Root, refused: &refused })
        .map_err(|error| FieldError { field: refused.into_inner().unwrap_or_default(), error })
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
    use egress_istio::gateway::GatewaySpec;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        let error = typed::<Vec<Vec<u16>>>(&(&json!([[1], [2, "three"]])).into()).unwrap_err().below("spec");
        assert_eq!(error.field, "spec[1][1]");
        assert!(error.to_string().contains("expected u16"), "{error}");
    }

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
            json!([{}, {}, {}, {}, {}, {}, {}, {}]),
            json!("text"),
        ];
        for value in &values {
            let of_value = GatewaySpec::deserialize(value).map_err(|error| error.to_string());
            let of_tree = typed::<GatewaySpec>(&value.into()).map_err(|refused| refused.error.to_string());
            assert_eq!(of_tree, of_value, "{value}");
        }
    }
}

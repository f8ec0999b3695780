//! A tree as a type, or the path of the field that does not fit it, and why.
//!
//! Knows no type.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use self::deserializer::TreeDeserializer;
use crate::tree::Tree;

mod deserializer;
mod error;

pub use error::FieldError;

/// Reads a tree as a type.
///
/// # Errors
/// The first field that does not fit.
pub fn typed<T: DeserializeOwned>(value: &Tree<'_>) -> Result<T, FieldError> {
    T::deserialize(TreeDeserializer { value })
}

/// For fields that are written without a value: nothing is the same as no field, as Kubernetes has it.
///
/// # Errors
/// Where there is a value that does not fit.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use egress_istio::gateway::GatewaySpec;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn refused<T: DeserializeOwned + std::fmt::Debug>(value: &Value) -> String {
        typed::<T>(&value.into()).unwrap_err().to_string()
    }

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        let error = typed::<Vec<Vec<u16>>>(&(&json!([[1], [2, "three"]])).into()).unwrap_err().below("spec");
        assert_eq!(error.to_string(), "spec[1][1]: expected a whole number from 0 to 65535, found `three`");
    }

    #[test]
    fn a_type_is_read_as_from_a_value_and_refused_like_it() {
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
            json!("text"),
        ];
        for value in &values {
            let of_value = GatewaySpec::deserialize(value).map_err(drop);
            assert_eq!(typed::<GatewaySpec>(&value.into()).map_err(drop), of_value, "{value}");
        }
        // serde would take the items for the fields in their order.
        assert_eq!(refused::<GatewaySpec>(&json!([null, []])), "expected a map, found a list");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Shape {
        name: String,
        #[serde(default, deserialize_with = "or_default")]
        ports: Vec<u32>,
        ready: Option<bool>,
    }

    #[test]
    fn words_say_what_was_expected_and_what_was_found() {
        for (value, expected) in [
            (json!([["a"]]), "[0]: expected a map, found a list"),
            (json!([{"name": null}]), "[0].name: expected a text, found nothing"),
            (json!([{"name": true}]), "[0].name: expected a text, found `true`; put it in quotes"),
            (json!([{"name": {}}]), "[0].name: expected a text, found a map"),
            (json!([{"name": "a", "ports": "b"}]), "[0].ports: expected a list, found `b`"),
            (
                json!([{"name": "a", "ports": [-1]}]),
                "[0].ports[0]: expected a whole number from 0, found `-1`",
            ),
            (
                json!([{"name": "a", "ready": ""}]),
                "[0].ready: expected `true` or `false`, found an empty text",
            ),
            (json!([{"ports": null}]), "[0]: expected the field `name`, found none"),
            (
                json!([{"naem": "a"}]),
                "[0].naem: expected `name`, `ports` or `ready`, found the field `naem`; did you mean `name`?",
            ),
            (
                json!([{"\u{1b}[31m": "a"}]),
                "[0].\\u{1b}[31m: expected `name`, `ports` or `ready`, found the field `\\u{1b}[31m`",
            ),
        ] {
            assert_eq!(refused::<Vec<Shape>>(&value), expected);
        }
    }
}

//! The settings of a policy as one text: what a module is given, and what its digest is made from.
//!
//! Knows JSON. What settings mean is the policy's own matter.

use egress_core::digest::short_sha256;
use serde_json::Value;

/// Canonical JSON: keys sorted, no blanks. The same settings are the same text, however the file orders them.
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

/// `settings:` and 12 hexadecimal digits: how the record of an object names the rules of a built-in policy.
pub fn digest(canonical: &str) -> String {
    format!("settings:{}", short_sha256(canonical, 12))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_that_of_items_does() {
        let one = json!({ "b": [2, 1], "a": { "d": null, "c": "x" } });
        let other = json!({ "a": { "c": "x", "d": null }, "b": [2, 1] });
        assert_eq!(canonical(&one), r#"{"a":{"c":"x","d":null},"b":[2,1]}"#);
        assert_eq!(digest(&canonical(&one)), digest(&canonical(&other)));
        assert_ne!(digest(&canonical(&one)), digest(&canonical(&json!({ "b": [1, 2] }))));
    }

    #[test]
    fn a_digest_is_short_enough_for_an_annotation() {
        assert_eq!(digest("{}"), "settings:44136fa355b3");
    }
}

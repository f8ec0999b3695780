//! The differences between an object and its record, field by field.
//!
//! Knows how to name and show fields. Does not know who changed them.

use egress_core::resource::Resource;
use serde_json::Value;

/// One field that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldDifference {
    /// Its path, such as `spec.ports[2]`.
    pub(crate) field: String,
    /// The recorded value; none if the field should not exist.
    pub(crate) wanted: Option<String>,
    /// The current value; none if the field does not exist.
    pub(crate) found: Option<String>,
}

/// Every field that is different. Labels and annotations that others added do not count.
pub(crate) fn differences(wanted: &Resource, live: &Resource) -> Vec<FieldDifference> {
    let json = |resource: &Resource| resource.to_json("v1").unwrap_or_default();
    let (wanted, live) = (json(wanted), json(live));
    let mut found = Vec::new();
    compare("spec", wanted.get("spec"), live.get("spec"), &mut found);
    for part in ["labels", "annotations"] {
        let asked = wanted.pointer(&format!("/metadata/{part}")).and_then(Value::as_object);
        for (key, value) in asked.into_iter().flatten() {
            let there = live.get("metadata").and_then(|metadata| metadata.get(part)?.get(key));
            compare(&format!("metadata.{part}[{key}]"), Some(value), there, &mut found);
        }
    }
    found
}

fn compare(field: &str, wanted: Option<&Value>, live: Option<&Value>, found: &mut Vec<FieldDifference>) {
    match (wanted, live) {
        (wanted, live) if wanted == live => {}
        (Some(Value::Object(wanted)), Some(Value::Object(live))) => {
            let added = live.keys().filter(|key| !wanted.contains_key(*key));
            for key in wanted.keys().chain(added) {
                compare(&format!("{field}.{key}"), wanted.get(key), live.get(key), found);
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(live))) => {
            for index in 0..wanted.len().max(live.len()) {
                compare(&format!("{field}[{index}]"), wanted.get(index), live.get(index), found);
            }
        }
        (wanted, live) => {
            found.push(FieldDifference {
                field: field.to_owned(),
                wanted: wanted.map(shown),
                found: live.map(shown),
            });
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(spec: &Value) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": { "name": "cnn", "namespace": "shop" }, "spec": spec,
        }))
        .unwrap()
    }

    #[test]
    fn the_smallest_field_that_is_different_is_named() {
        let port = |number: u16| json!({ "number": number, "name": "tls", "protocol": "TLS" });
        let wanted = entry(&json!({ "hosts": ["a.b"], "exportTo": ["."], "ports": [port(443)] }));
        let live = entry(
            &json!({ "hosts": ["a.b"], "exportTo": ["*"], "ports": [port(8443)], "addresses": ["192.0.2.1"] }),
        );
        let fields: Vec<String> = differences(&wanted, &live).into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["spec.exportTo[0]", "spec.ports[0].number", "spec.addresses"]);
        assert_eq!(differences(&wanted, &wanted), []);
    }
}

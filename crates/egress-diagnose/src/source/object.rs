//! What the API server would add to an object before anybody reads it.
//!
//! Knows which kinds belong to no namespace. Knows no spec.

use serde_json::{Map, Value};

use super::Key;

/// Kinds that a check reads and that belong to no namespace.
const OF_THE_CLUSTER: [&str; 5] =
    ["Node", "Namespace", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "GatewayClass"];

/// Gives an object the namespace that it would be written to, and an identity: what is in a file is treated as existing.
pub(super) fn complete(object: &mut Value, namespace: &str) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let of_the_cluster = OF_THE_CLUSTER.contains(&kind);
    let Some(object) = object.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else { return };
    metadata.entry("uid").or_insert_with(|| Value::from(""));
    let named = metadata.get("namespace").is_some_and(|named| !named.is_null() && named != "");
    if !of_the_cluster && !named {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    }
}

/// Which object it is; none where it has no name.
pub(super) fn key(object: &Value) -> Option<Key> {
    let word = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
    Some(Key {
        kind: word("/kind")?,
        namespace: word("/metadata/namespace").unwrap_or_default(),
        name: word("/metadata/name")?,
    })
}

//! What the API server would add to an object before anybody reads it.
//!
//! Knows which kinds belong to no namespace. Knows no spec.

use egress_core::tree::Tree;

use super::Key;

/// Kinds that a check reads and that belong to no namespace.
const OF_THE_CLUSTER: [&str; 5] =
    ["Node", "Namespace", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "GatewayClass"];

/// An object with the namespace that it would be written to, and an identity: what is in a file is treated as existing.
pub(super) fn complete<'a>(mut object: Tree<'a>, namespace: &'a str) -> Tree<'a> {
    let kind = object.get("kind").and_then(Tree::as_str).unwrap_or_default();
    let of_the_cluster = OF_THE_CLUSTER.contains(&kind);
    if let Some(metadata) = object.field_or("metadata", Tree::Map(Vec::new())) {
        metadata.field_or("uid", Tree::from(""));
        let named = if of_the_cluster { None } else { metadata.field_or("namespace", Tree::Null) };
        if let Some(named) = named.filter(|named| **named == Tree::Null || named.as_str() == Some("")) {
            *named = Tree::from(namespace);
        }
    }
    object
}

/// Which object it is; none where it has no name.
pub(super) fn key(object: &Tree<'_>) -> Option<Key> {
    let word = |path: &[&str]| object.at(path).and_then(Tree::as_str).map(str::to_owned);
    Some(Key {
        kind: word(&["kind"])?,
        namespace: word(&["metadata", "namespace"]).unwrap_or_default(),
        name: word(&["metadata", "name"])?,
    })
}

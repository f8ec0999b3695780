//! Adds what the API server would add to an object.
//!
//! Knows which kinds are cluster-scoped. Knows no spec.

use egress_core::tree::Tree;

use super::ObjectKey;

/// Cluster-scoped kinds that a check reads.
const OF_THE_CLUSTER: [&str; 7] = [
    "Node",
    "Namespace",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "GatewayClass",
    "ClusterRole",
    "ClusterRoleBinding",
];

/// An object with its namespace and a UID: objects in files are treated as if they existed in the cluster.
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

/// Identifies the object; none if it has no name.
pub(super) fn key(object: &Tree<'_>) -> Option<ObjectKey> {
    let word = |path: &[&str]| object.at(path).and_then(Tree::as_str);
    let namespace = word(&["metadata", "namespace"]).unwrap_or_default();
    Some(ObjectKey::new(word(&["kind"])?, namespace, word(&["metadata", "name"])?))
}

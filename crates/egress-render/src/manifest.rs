//! Kubernetes objects as files that `kubectl apply -f` takes, or as `kubectl get` shows them.
//!
//! Knows the envelope of objects and lists. Knows nothing of what a spec means.

use egress_core::resource::ObjectId;
use serde_json::{Map, Value, json};

use crate::document;
use crate::error::RenderError;
use crate::escape::escape;

/// YAML: one document per object, in order, with `---` between.
///
/// # Errors
/// [`RenderError::Yaml`] when YAML cannot hold an object.
pub fn yaml(objects: &[Value]) -> Result<String, RenderError> {
    let documents: Result<Vec<String>, RenderError> =
        objects.iter().map(|object| document::yaml(&tidy(object))).collect();
    Ok(documents?.join("---\n"))
}

/// JSON: the object itself, or a `List` of several.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold an object.
pub fn json(objects: &[Value]) -> Result<String, RenderError> {
    document::json(&list(objects))
}

/// What `-o json` shows and jsonpath templates see: the object itself, or a `List` of any other number of objects.
pub fn list(objects: &[Value]) -> Value {
    match objects {
        [object] => tidy(object),
        objects => {
            let items: Vec<Value> = objects.iter().map(tidy).collect();
            json!({ "apiVersion": "v1", "kind": "List", "items": items, "metadata": {} })
        }
    }
}

/// `serviceentry.networking.istio.io/edition-cnn-com`: a line of `-o name`, and the beginning of a result line.
pub fn name(id: &ObjectId) -> String {
    format!("{}/{}", id.kind.qualified(), escape(&id.name))
}

/// The object with its keys in the order that people expect, without the bookkeeping of field managers.
fn tidy(object: &Value) -> Value {
    let Value::Object(fields) = object else {
        return object.clone();
    };
    let mut tidied = first(fields, &["apiVersion", "kind", "metadata", "spec"]);
    if let Some(Value::Object(metadata)) = fields.get("metadata") {
        let mut metadata = first(metadata, &["name", "namespace", "labels", "annotations"]);
        metadata.shift_remove("managedFields");
        tidied.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Value::Object(tidied)
}

/// The fields with the named ones first; the rest keeps its order.
fn first(fields: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let leading = keys.iter().filter_map(|key| fields.get_key_value(*key));
    let rest = fields.iter().filter(|(key, _)| !keys.contains(&key.as_str()));
    leading.chain(rest).map(|(key, value)| (key.clone(), value.clone())).collect()
}

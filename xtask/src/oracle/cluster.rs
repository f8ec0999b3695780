//! A cluster as a list of Kubernetes objects: what both sides of the comparison read.
//!
//! Knows where objects have their names, and how our program reads them. Does not know where clusters come from.

use egress_diagnose::facts::ClusterFacts;
use egress_diagnose::facts::collect::Collector;
use serde_json::Value;

/// Some objects under a name.
#[derive(Clone, Debug)]
pub(super) struct ClusterObjects {
    /// Where clusters of this sort come from: `fixtures`, `grammar`.
    pub(super) source: String,
    /// The name among these, by which it is found or made again.
    pub(super) name: String,
    /// The objects.
    pub(super) objects: Vec<Value>,
}

/// The group, the kind, the namespace and the name of an object: no two objects of a cluster have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Identity {
    /// Of an object; what is missing is empty.
    pub(super) fn of(object: &Value) -> Self {
        let api_version = word(object, "/apiVersion");
        Identity {
            group: api_version.split_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: word(object, "/kind").to_owned(),
            namespace: namespace(object).to_owned(),
            name: name(object).to_owned(),
        }
    }
}

/// A text in an object; an empty one where there is none.
pub(super) fn word<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The namespace of an object.
pub(super) fn namespace(object: &Value) -> &str {
    word(object, "/metadata/namespace")
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    word(object, "/metadata/name")
}

/// `namespace/name` of an object.
pub(super) fn full_name(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}

/// Whether an object is of this kind; of a kind that two groups have, the one of Istio is meant.
pub(super) fn is(object: &Value, kind: &str) -> bool {
    word(object, "/kind") == kind && !word(object, "/apiVersion").starts_with("gateway.networking.k8s.io/")
}

/// The objects of a kind.
pub(super) fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| is(object, kind))
}

/// Whether an object is one of Istio's that say where calls go.
pub(super) fn is_of_istio(object: &Value) -> bool {
    word(object, "/apiVersion").starts_with("networking.istio.io/")
}

/// The items of a list in an object; none where there is no list.
pub(super) fn list<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    object.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether all of these labels are among those.
pub(super) fn selects(selector: &Value, labels: Option<&Value>) -> bool {
    let Some(wanted) = selector.as_object().filter(|wanted| !wanted.is_empty()) else { return false };
    wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

/// What our program makes of objects, and the objects that it cannot read, each with the reason.
pub(super) fn read(objects: &[Value]) -> (ClusterFacts, Vec<(Identity, String)>) {
    let mut collector = Collector::with_room(objects.len());
    let mut refused = Vec::new();
    for object in objects {
        if let Err(error) = collector.add(&object.into()) {
            refused.push((Identity::of(object), error.to_string()));
        }
    }
    (collector.finish(), refused)
}

/// The mesh configuration of a cluster, as its ConfigMap holds it.
pub(super) fn mesh(objects: &[Value]) -> &str {
    let map = of_kind(objects, "ConfigMap").next();
    map.map(|map| word(map, "/data/mesh")).unwrap_or_default()
}

/// The objects as the text of a file.
///
/// # Errors
/// When an object cannot be written as YAML, which no JSON is.
pub(super) fn yaml(objects: &[Value]) -> anyhow::Result<String> {
    let texts: Result<Vec<_>, _> = objects.iter().map(serde_yaml::to_string).collect();
    Ok(texts?.join("---\n"))
}

/// The objects in a text, with the items of Lists; what cannot be read is left out.
pub(super) fn parse(text: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    for document in egress_core::yaml::documents(text).map_while(Result::ok) {
        let object = Value::from(&document);
        if word(&object, "/kind").ends_with("List") {
            objects.extend_from_slice(list(&object, "/items"));
        } else if object.is_object() {
            objects.push(object);
        }
    }
    objects
}

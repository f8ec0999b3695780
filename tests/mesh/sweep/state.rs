//! The objects of Istio in a cluster, as far as two runs of one change must leave the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::Mesh;

const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
    destinationrules.networking.istio.io,gateways.networking.istio.io,sidecars.networking.istio.io";
/// Two equal requests differ in this only.
const ADDED_AT: &str = "kubectl-egress.github.io/added-at";

/// Labels, annotations and spec of every object.
#[derive(Debug, PartialEq)]
pub(super) struct MeshState(BTreeMap<String, Value>);

impl MeshState {
    /// Reads it with kubectl.
    pub(super) fn of(mesh: &Mesh) -> anyhow::Result<Self> {
        let listed = mesh.bed().kubectl(&["get", KINDS, "--all-namespaces", "--output=json"])?;
        let listed: Value = serde_json::from_str(&listed)?;
        let objects = listed["items"].as_array().into_iter().flatten();
        Ok(MeshState(objects.map(object).collect()))
    }

    /// Whether there is an object of a host, by the word that its names begin with.
    pub(super) fn has(&self, names: &str) -> bool {
        self.0.keys().any(|name| name.contains(&format!("/{names}")))
    }

    /// Which objects differ, and how.
    pub(super) fn difference(&self, found: &MeshState) -> String {
        let names: BTreeSet<&String> = self.0.keys().chain(found.0.keys()).collect();
        let differs = names.into_iter().filter_map(|name| match (self.0.get(name), found.0.get(name)) {
            (Some(wanted), Some(found)) if wanted != found => {
                Some(format!("{name} is {found} instead of {wanted}"))
            }
            (Some(_), None) => Some(format!("{name} is missing")),
            (None, Some(_)) => Some(format!("{name} is left")),
            _ => None,
        });
        differs.collect::<Vec<_>>().join("; ")
    }
}

fn object(object: &Value) -> (String, Value) {
    let metadata = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name =
        format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
    let mut annotations = metadata["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove(ADDED_AT);
    }
    let kept = serde_json::json!({
        "labels": metadata["labels"],
        "annotations": annotations,
        "finalizers": metadata["finalizers"],
        "spec": object["spec"],
    });
    (name, kept)
}

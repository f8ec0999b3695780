//! Ambient mode in a cluster of the comparison: whether it is used, and what the agents of its nodes write.
//!
//! Knows labels and annotations. Knows nothing of what istiod makes of them.

use egress_core::istio::data_plane::{DataPlaneMode, data_plane_mode};
use egress_core::snapshot::PodFacts;
use egress_diagnose::facts::ClusterFacts;
use serde_json::Value;

use super::cluster::{self, is};

/// The labels and annotations that only mean something in ambient mode.
const SIGNS: [&str; 5] = [
    "istio.io/dataplane-mode",
    "istio.io/use-waypoint",
    "ambient.istio.io/redirection",
    "networking.istio.io/tunnel",
    "gateway.istio.io/managed",
];

/// Whether an object shows that the mesh has ambient mode.
pub(super) fn is_sign(object: &Value) -> bool {
    let has = |path: &str| {
        let words = object.pointer(path).and_then(Value::as_object);
        words.is_some_and(|words| SIGNS.iter().any(|sign| words.contains_key(*sign)))
    };
    has("/metadata/labels") || has("/metadata/annotations")
}

/// Whether ztunnel captures what a pod sends.
pub(super) fn is_captured(facts: &ClusterFacts, pod: &PodFacts) -> bool {
    let namespace = facts.snapshot.namespaces.iter().find(|namespace| namespace.name == pod.namespace);
    data_plane_mode(pod, namespace.map(|namespace| &namespace.labels)) == DataPlaneMode::Ztunnel
}

/// Notes on pods that ztunnel captures them, as the agent of a node does.
pub(super) fn redirect(objects: &mut [Value]) {
    let (facts, _) = cluster::read(objects);
    for object in objects.iter_mut().filter(|object| is(object, "Pod")) {
        let found = facts
            .snapshot
            .pods
            .iter()
            .find(|pod| pod.namespace == cluster::namespace(object) && pod.name == cluster::name(object));
        if !found.is_some_and(|pod| is_captured(&facts, pod)) {
            continue;
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            let annotations =
                metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert("ambient.istio.io/redirection".to_owned(), "enabled".into());
            }
        }
    }
}

//! Labels and annotations that a diagnosis reads, and what may stand in them.
//!
//! Knows keys. Labels by which pods, nodes and namespaces are selected are kept whole elsewhere: without them no selector
//! would select what it does.

use egress_core::redacted::Marks;
use serde_json::{Map, Value};

/// Annotations that are kept: those of this tool.
const OWN: &str = "kubectl-egress.github.io/";
/// Free text.
const WORDS: [&str; 1] = ["kubectl-egress.github.io/reason"];
/// Annotations of Istio that a check reads, and those that say who injects what.
const OF_ISTIO: [&str; 13] = [
    "ambient.istio.io/redirection",
    "ambient.istio.io/dns-capture",
    "inject.istio.io/templates",
    "internal.istio.io/gateway-service",
    "internal.istio.io/parent-namespace",
    "istio.io/dry-run",
    "istio.io/rev",
    "istio.io/use-waypoint",
    "networking.istio.io/exportTo",
    "sidecar.istio.io/inject",
    "sidecar.istio.io/interceptionMode",
    "sidecar.istio.io/userVolume",
    "sidecar.istio.io/userVolumeMount",
];
/// Those that hold ports and ranges of addresses.
const RANGES: &str = "traffic.sidecar.istio.io/";
/// Labels of objects that nothing selects: those by which this tool, Istio and Kubernetes know them.
const LABELS: [&str; 4] = ["kubectl-egress.github.io/", "istio.io/", "kubernetes.io/", "k8s.io/"];

/// Whether a label of an object that nothing selects is read.
pub(super) fn is_kept_label(key: &str) -> bool {
    LABELS.iter().any(|known| key.contains(known))
}

/// Leaves what is read.
pub(super) fn annotations(all: &mut Map<String, Value>, marks: &mut Marks) {
    all.retain(|key, _| key.starts_with(OWN) || key.starts_with(RANGES) || OF_ISTIO.contains(&key.as_str()));
    for (key, value) in all.iter_mut() {
        let text = value.as_str().unwrap_or_default();
        let is_word = |character: char| character.is_ascii_alphanumeric() || "-_., ".contains(character);
        let is_range = |character: char| character.is_ascii_hexdigit() || ".:/,* ".contains(character);
        let kept = match key.as_str() {
            key if WORDS.contains(&key) || key.starts_with("sidecar.istio.io/userVolume") => false,
            key if key.starts_with(RANGES) => text.chars().all(is_range),
            key if key.starts_with(OWN) => true,
            _ => text.chars().all(is_word),
        };
        if !kept {
            *value = marks.of(text).into();
        }
    }
}

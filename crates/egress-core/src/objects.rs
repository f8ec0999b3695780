//! Kubernetes objects as facts, wherever they were read: from an API server, a file or a bundle.
//!
//! Knows their form. What the facts mean is decided elsewhere.

use std::collections::BTreeMap;

use crate::kubernetes::Node;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::metadata::ACCEPT;
use crate::related_resources::Named;
use crate::snapshot::{NamespaceFacts, NodeFacts, PodFacts};

mod endpoints;
mod gateways;
mod mesh;
mod pod;
mod service;
mod webhook;
mod workload;

pub use endpoints::{endpoint_slice, endpoints};
pub use gateways::{GATEWAY_LABEL, Routed, gateway, gateways, is_behind, is_gateway, selects_gateway_label};
pub use mesh::{MESH_KEY, mesh, named_root};
pub use pod::{cluster_domain, control_plane, pod, proxy_address};
pub use service::{EXPORT_TO, selector, service, service_among};
pub use webhook::webhooks;
pub use workload::workload;

/// The label of istiod's pods, as a selector.
pub const ISTIOD_LABEL: &str = "app=istiod";

/// Whether a pod is one of istiod's.
pub fn is_istiod(pod: &PodFacts) -> bool {
    hold(&pod.labels, ISTIOD_LABEL)
}

/// A node as a fact.
pub fn node(node: &Node) -> NodeFacts {
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let conditions = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
    let taints = spec.into_iter().flat_map(|spec| spec.taints.iter().flatten());
    let addresses = status.into_iter().flat_map(|status| status.addresses.iter().flatten());
    NodeFacts {
        name: node.metadata.name.clone().unwrap_or_default(),
        labels: node.metadata.labels.clone().unwrap_or_default(),
        ready: conditions
            .into_iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        schedulable: !spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
        taints: taints
            .map(|taint| {
                format!("{}={}:{}", taint.key, taint.value.as_deref().unwrap_or_default(), taint.effect)
            })
            .collect(),
        addresses: addresses.map(|address| address.address.clone()).collect(),
        accepts: accepts(&node.metadata),
    }
}

/// A namespace as a fact.
pub fn namespace(namespace: Namespace) -> NamespaceFacts {
    NamespaceFacts {
        accepts: accepts(&namespace.metadata),
        name: namespace.metadata.name.unwrap_or_default(),
        labels: namespace.metadata.labels.unwrap_or_default(),
    }
}

/// Any object, with what it says.
pub fn named<S>(metadata: ObjectMeta, spec: S) -> Named<S> {
    Named {
        created: created(&metadata),
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        spec,
    }
}

/// When an object was created.
pub fn created(metadata: &ObjectMeta) -> Option<Timestamp> {
    metadata.creation_timestamp.as_ref().and_then(|time| time.0.to_string().parse().ok())
}

/// What people accept about an object.
pub fn accepts(metadata: &ObjectMeta) -> Option<String> {
    metadata.annotations.as_ref()?.get(ACCEPT).cloned()
}

/// Whether labels hold a label that is written as a selector.
fn hold(labels: &BTreeMap<String, String>, label: &str) -> bool {
    label.split_once('=').is_some_and(|(key, value)| labels.get(key).is_some_and(|found| found == value))
}

/// The annotations that are Istio's, and the one that says what people accept.
fn of_istio(annotations: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let all = annotations.into_iter().flatten();
    all.filter(|(key, _)| key.contains("istio.io/") || *key == ACCEPT)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

//! What runs pods, as facts.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::of_istio;
use crate::surroundings::Workload;

/// A Deployment as a fact.
pub fn deployment(object: &Deployment) -> Workload {
    let spec = object.spec.as_ref();
    let replicas = spec.map(|spec| spec.replicas.unwrap_or(1));
    workload("Deployment", &object.metadata, replicas, spec.map(|spec| &spec.template))
}

/// A `StatefulSet` as a fact.
pub fn stateful_set(object: &StatefulSet) -> Workload {
    let spec = object.spec.as_ref();
    let replicas = spec.map(|spec| spec.replicas.unwrap_or(1));
    workload("StatefulSet", &object.metadata, replicas, spec.map(|spec| &spec.template))
}

/// A `DaemonSet` as a fact.
pub fn daemon_set(object: &DaemonSet) -> Workload {
    workload("DaemonSet", &object.metadata, None, object.spec.as_ref().map(|spec| &spec.template))
}

fn workload(
    kind: &str,
    metadata: &ObjectMeta,
    replicas: Option<i32>,
    template: Option<&PodTemplateSpec>,
) -> Workload {
    let made = template.and_then(|template| template.metadata.as_ref());
    Workload {
        kind: kind.to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        replicas,
        labels: made.and_then(|made| made.labels.clone()).unwrap_or_default(),
        annotations: of_istio(made.and_then(|made| made.annotations.as_ref())),
    }
}

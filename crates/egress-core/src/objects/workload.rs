//! What runs pods, as facts.

use super::of_istio;
use super::pod::node_demand;
use crate::kubernetes;
use crate::related_resources::WorkloadFacts;

/// A Deployment, a `StatefulSet` or a `DaemonSet`, which has as many pods as there are nodes for it, as a fact.
pub fn workload(kind: &str, object: &kubernetes::Workload) -> WorkloadFacts {
    let (spec, metadata) = (object.spec.as_ref(), &object.metadata);
    let made = spec.and_then(|spec| spec.template.metadata.as_ref());
    WorkloadFacts {
        kind: kind.to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        replicas: spec.filter(|_| kind != "DaemonSet").map(|spec| spec.replicas.unwrap_or(1)),
        labels: made.and_then(|made| made.labels.clone()).unwrap_or_default(),
        annotations: of_istio(made.and_then(|made| made.annotations.as_ref())),
        node_demand: spec.and_then(|spec| spec.template.spec.as_ref()).map(node_demand).unwrap_or_default(),
    }
}

//! What runs pods, as facts.

use std::collections::BTreeMap;

use super::pod::node_demand;
use super::{ISTIOD_LABEL, hold, of_istio};
use crate::istio::features::IstiodVariables;
use crate::kubernetes;
use crate::related_resources::WorkloadFacts;

/// A Deployment, a `StatefulSet` or a `DaemonSet`, which has as many pods as there are nodes for it, as a fact.
pub fn workload(kind: &str, object: &kubernetes::Workload) -> WorkloadFacts {
    let (spec, metadata) = (object.spec.as_ref(), &object.metadata);
    let made = spec.and_then(|spec| spec.template.metadata.as_ref());
    let labels: BTreeMap<String, String> = made.and_then(|made| made.labels.clone()).unwrap_or_default();
    let pod = spec.and_then(|spec| spec.template.spec.as_ref());
    WorkloadFacts {
        istiod: pod.filter(|_| hold(&labels, ISTIOD_LABEL)).and_then(variables),
        kind: kind.to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        replicas: spec.filter(|_| kind != "DaemonSet").map(|spec| spec.replicas.unwrap_or(1)),
        labels,
        annotations: of_istio(made.and_then(|made| made.annotations.as_ref())),
        node_demand: pod.map(node_demand).unwrap_or_default(),
    }
}

/// The variables of istiod's container; none where it has not any: an istiod always has some, so they were not given.
fn variables(spec: &kubernetes::PodSpec) -> Option<IstiodVariables> {
    let all = || spec.containers.iter().flat_map(|container| container.env.iter().flatten());
    let has_others =
        spec.containers.iter().any(|it| it.env_from.as_ref().is_some_and(|from| !from.is_empty()));
    if all().next().is_none() && !has_others {
        return None;
    }
    let set = all().filter(|variable| IstiodVariables::matters(&variable.name)).map(|variable| {
        let is_elsewhere = variable.value.is_none() && variable.value_from.is_some();
        (variable.name.clone(), (!is_elsewhere).then(|| variable.value.clone().unwrap_or_default()))
    });
    Some(IstiodVariables { set: set.collect(), has_others })
}

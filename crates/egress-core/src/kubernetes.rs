//! The larger kinds of Kubernetes, with the fields that this program reads.
//!
//! The types of `k8s-openapi` have every field, and each way to read them is in the program: of a pod's volumes alone that
//! are a hundred thousand bytes, for one name. Kinds that are read whole, small or written come from there. The fields have its
//! names and shapes. Knows nothing of what they mean.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;

mod autoscaler;
mod node;
mod null;
mod pod;
mod service;
mod workload;

pub use autoscaler::{CrossVersionObjectReference, HorizontalPodAutoscalerSpec};
pub use node::{NodeAddress, NodeSpec, NodeStatus, Taint};
pub use pod::{
    Affinity, Condition, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, NodeAffinity, NodeSelector,
    NodeSelectorTerm, PodIp, PodSpec, PodStatus, SecurityContext, Volume, VolumeMount,
};
pub use service::{ServicePort, ServiceSpec};
pub use workload::{PodTemplateSpec, WorkloadSpec};

use self::null::or_default;

/// An object of any of these kinds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Object<S, T = IgnoredAny> {
    /// Its name, namespace, labels and so on.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: Option<S>,
    /// What is.
    pub status: Option<T>,
}

/// A pod.
pub type Pod = Object<PodSpec, PodStatus>;
/// A node.
pub type Node = Object<NodeSpec, NodeStatus>;
/// A Service.
pub type Service = Object<ServiceSpec>;
/// A Deployment, a `StatefulSet` or a `DaemonSet`.
pub type Workload = Object<WorkloadSpec>;
/// A `HorizontalPodAutoscaler`.
pub type HorizontalPodAutoscaler = Object<HorizontalPodAutoscalerSpec>;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::typed::typed;

    /// Of the kind: fields that nobody reads, in every type that has not all of them.
    #[test]
    fn what_is_not_read_may_be_anything() {
        let anything = json!({ "loadBalancer": {}, "replicas": [1, null], "more": { "of": ["this"] } });
        let object = |spec: Value| json!({ "metadata": { "name": "x" }, "spec": spec, "status": anything, "more": anything });
        let pod = json!({
            "containers": [{ "name": "app", "env": [{ "name": "A", "valueFrom": anything }], "probe": anything }],
            "volumes": [{ "name": "data", "emptyDir": anything }],
            "affinity": anything,
        });
        let template = json!({ "template": { "spec": pod }, "strategy": anything });
        assert!(typed::<Service>(&(&object(json!({ "sessionAffinityConfig": anything }))).into()).is_ok());
        assert!(typed::<Workload>(&(&object(template)).into()).is_ok());
        assert!(
            typed::<HorizontalPodAutoscaler>(&(&object(json!({ "metrics": [anything] }))).into()).is_ok()
        );
        let mut pod = object(pod);
        pod["status"] = json!({ "hostIP": "10.0.0.1", "containerStatuses": [anything] });
        assert!(typed::<Pod>(&(&pod).into()).is_ok());
        let mut node = object(json!({ "podCIDR": anything }));
        node["status"] = json!({ "images": [anything], "nodeInfo": anything });
        assert!(typed::<Node>(&(&node).into()).is_ok());
    }

    /// Of the kind: `null` in every field that is no option, as a template with nothing to fill in writes it.
    #[test]
    fn null_is_nothing_wherever_it_stands() {
        let container =
            json!({ "name": null, "env": [{ "name": null }], "ports": [{ "containerPort": null }] });
        for spec in [json!({ "containers": null }), json!({ "containers": [container] })] {
            let pod = json!({ "metadata": null, "spec": spec, "status": { "conditions": [{ "type": null, "status": null }] } });
            assert!(typed::<Pod>(&(&pod).into()).is_ok(), "{pod}");
        }
        let workload = json!({ "metadata": { "creationTimestamp": null }, "spec": { "template": null } });
        assert!(typed::<Workload>(&(&workload).into()).is_ok());
        assert!(typed::<Service>(&(&json!({ "spec": { "ports": [{ "port": null }] } })).into()).is_ok());
        assert!(
            typed::<Node>(&(&json!({ "spec": { "taints": [{ "key": null, "effect": null }] } })).into())
                .is_ok()
        );
    }
}

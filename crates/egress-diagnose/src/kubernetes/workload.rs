//! Which workload a pod belongs to, by its owners.

use std::collections::BTreeMap;
use std::fmt;

use egress_core::snapshot::PodFacts;
use serde::Serialize;

/// The object that creates a pod: a fix for all its pods changes this object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PodOwner {
    /// The kind, as manifests write it; `Pod` for a pod without an owner.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl PodOwner {
    /// The workload of a pod: the Deployment behind a `ReplicaSet`, else its owner, else the pod itself.
    pub(crate) fn of(pod: &PodFacts) -> Self {
        let Some(owner) = &pod.owner else {
            return PodOwner { kind: "Pod".to_owned(), name: pod.name.clone() };
        };
        let hash = pod.labels.get("pod-template-hash");
        let deployment = hash.and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'));
        match deployment.filter(|_| owner.kind == "ReplicaSet") {
            Some(name) => PodOwner { kind: "Deployment".to_owned(), name: name.to_owned() },
            None => PodOwner { kind: owner.kind.clone(), name: owner.name.clone() },
        }
    }

    /// The kind as a kubectl argument: `deployment`.
    pub(crate) fn kind(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    /// Whether it recreates pods from a template.
    pub(crate) fn has_template(&self) -> bool {
        ["Deployment", "StatefulSet", "DaemonSet"].contains(&self.kind.as_str())
    }
}

impl fmt::Display for PodOwner {
    /// As a kubectl argument: `deployment/web`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind(), self.name)
    }
}

/// Pods by their workload, in order of name.
pub(crate) fn by_workload<'a>(
    pods: impl IntoIterator<Item = &'a PodFacts>,
) -> BTreeMap<PodOwner, Vec<&'a PodFacts>> {
    let mut found: BTreeMap<PodOwner, Vec<&PodFacts>> = BTreeMap::new();
    for pod in pods {
        found.entry(PodOwner::of(pod)).or_default().push(pod);
    }
    found
}

#[cfg(test)]
mod tests {
    use egress_core::snapshot::Owner;

    use super::*;

    #[test]
    fn pods_of_a_deployment_are_told_by_its_name() {
        let owner = Some(Owner { kind: "ReplicaSet".to_owned(), name: "web-5d4f".to_owned() });
        let hashed = [("pod-template-hash".to_owned(), "5d4f".to_owned())].into_iter().collect();
        let mut pod =
            PodFacts { name: "web-5d4f-x".to_owned(), owner, labels: hashed, ..PodFacts::default() };
        assert_eq!(PodOwner::of(&pod).to_string(), "deployment/web");
        pod.labels.clear();
        assert_eq!(PodOwner::of(&pod).to_string(), "replicaset/web-5d4f");
        pod.owner = None;
        assert_eq!(PodOwner::of(&pod).to_string(), "pod/web-5d4f-x");
    }
}

//! Which data plane handles a pod's calls, and which workload a pod belongs to.
//!
//! Knows labels, annotations and owners. The checks decide whether that is right.

use std::collections::BTreeMap;
use std::fmt;

use egress_core::snapshot::PodFacts;
use serde::Serialize;

/// The label that enrols a namespace or a pod in ambient mode, or takes it out.
pub(crate) const DATAPLANE: &str = "istio.io/dataplane-mode";
/// The label that enables or disables sidecar injection for a pod; in older manifests an annotation.
pub(crate) const INJECT: &str = "sidecar.istio.io/inject";

/// Which data plane handles a pod's outbound traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The pod is a proxy itself: a gateway, a waypoint.
    Itself,
    /// None: it uses hostNetwork.
    HostNetwork,
    /// The sidecar in it.
    Sidecar,
    /// The ztunnel of its node.
    Ztunnel,
    /// None.
    Nobody,
}

/// What created a pod: a fix for all of its pods is written there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Workload {
    /// The kind, as manifests write it; `Pod` for a pod without an owner.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// Which data plane handles a pod's outbound traffic. `podRedirectionEnabled` in `cni/pkg/util/podutil.go`: a sidecar
/// takes precedence over ztunnel, and a pod's label over its namespace's label.
pub(crate) fn carrier(pod: &PodFacts, namespace: Option<&BTreeMap<String, String>>) -> Carrier {
    let mode = |labels: &BTreeMap<String, String>| labels.get(DATAPLANE).map(|mode| mode == "ambient");
    let enrolled = || {
        let own = mode(&pod.labels);
        own.or_else(|| mode(namespace?)).unwrap_or_default()
            || pod.annotations.get("ambient.istio.io/redirection").is_some_and(|word| word == "enabled")
    };
    match () {
        () if pod.proxy.is_some() && !pod.has_sidecar => Carrier::Itself,
        () if pod.host_network => Carrier::HostNetwork,
        () if pod.has_sidecar => Carrier::Sidecar,
        () if enrolled() => Carrier::Ztunnel,
        () => Carrier::Nobody,
    }
}

impl Workload {
    /// The workload of a pod: the Deployment behind a `ReplicaSet`, else its owner, else the pod itself.
    pub(crate) fn of(pod: &PodFacts) -> Self {
        let Some(owner) = &pod.owner else {
            return Workload { kind: "Pod".to_owned(), name: pod.name.clone() };
        };
        let hash = pod.labels.get("pod-template-hash");
        let deployment = hash.and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'));
        match deployment.filter(|_| owner.kind == "ReplicaSet") {
            Some(name) => Workload { kind: "Deployment".to_owned(), name: name.to_owned() },
            None => Workload { kind: owner.kind.clone(), name: owner.name.clone() },
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

impl fmt::Display for Workload {
    /// As a kubectl argument: `deployment/web`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind(), self.name)
    }
}

/// Pods by their workload, in order of name.
pub(crate) fn by_workload<'a>(
    pods: impl IntoIterator<Item = &'a PodFacts>,
) -> BTreeMap<Workload, Vec<&'a PodFacts>> {
    let mut found: BTreeMap<Workload, Vec<&PodFacts>> = BTreeMap::new();
    for pod in pods {
        found.entry(Workload::of(pod)).or_default().push(pod);
    }
    found
}

#[cfg(test)]
mod tests {
    use egress_core::snapshot::{Owner, ProxyFacts};

    use super::*;

    fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_pods_own_label_goes_before_that_of_its_namespace() {
        let namespace = labels(&[(DATAPLANE, "ambient")]);
        let pod = |own: &[(&str, &str)]| PodFacts { labels: labels(own), ..PodFacts::default() };
        assert_eq!(carrier(&pod(&[]), Some(&namespace)), Carrier::Ztunnel);
        assert_eq!(carrier(&pod(&[(DATAPLANE, "none")]), Some(&namespace)), Carrier::Nobody);
        assert_eq!(carrier(&pod(&[(DATAPLANE, "ambient")]), None), Carrier::Ztunnel);
    }

    #[test]
    fn a_sidecar_goes_before_ztunnel_and_the_nodes_network_before_both() {
        let namespace = labels(&[(DATAPLANE, "ambient")]);
        let mut pod = PodFacts { has_sidecar: true, ..PodFacts::default() };
        assert_eq!(carrier(&pod, Some(&namespace)), Carrier::Sidecar);
        pod.host_network = true;
        assert_eq!(carrier(&pod, Some(&namespace)), Carrier::HostNetwork);
        let gateway = PodFacts { proxy: Some(ProxyFacts::default()), ..PodFacts::default() };
        assert_eq!(carrier(&gateway, Some(&namespace)), Carrier::Itself);
    }

    #[test]
    fn pods_of_a_deployment_are_told_by_its_name() {
        let owner = Some(Owner { kind: "ReplicaSet".to_owned(), name: "web-5d4f".to_owned() });
        let hashed = labels(&[("pod-template-hash", "5d4f")]);
        let mut pod =
            PodFacts { name: "web-5d4f-x".to_owned(), owner, labels: hashed, ..PodFacts::default() };
        assert_eq!(Workload::of(&pod).to_string(), "deployment/web");
        pod.labels.clear();
        assert_eq!(Workload::of(&pod).to_string(), "replicaset/web-5d4f");
        pod.owner = None;
        assert_eq!(Workload::of(&pod).to_string(), "pod/web-5d4f-x");
    }
}

//! Which data plane handles a pod's calls.
//!
//! Knows labels and annotations. The checks decide whether the result is a fault.

use std::collections::BTreeMap;

use crate::snapshot::PodFacts;

/// The label that adds a namespace or a pod to ambient mode, or removes it.
pub const DATAPLANE: &str = "istio.io/dataplane-mode";
/// The label that enables or disables sidecar injection for a pod; in older manifests an annotation.
pub const INJECT: &str = "sidecar.istio.io/inject";

/// Which data plane handles a pod's outbound traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPlaneMode {
    /// The pod is a proxy itself: a gateway, a waypoint.
    Proxy,
    /// None: it uses hostNetwork.
    HostNetwork,
    /// The sidecar in it.
    Sidecar,
    /// The ztunnel of its node.
    Ztunnel,
    /// None: the pod is not in the mesh.
    NotInMesh,
}

/// Which data plane handles a pod's outbound traffic. `podRedirectionEnabled` in `cni/pkg/util/podutil.go`: a sidecar
/// takes precedence over ztunnel, and a pod's label over its namespace's label.
pub fn data_plane_mode(pod: &PodFacts, namespace: Option<&BTreeMap<String, String>>) -> DataPlaneMode {
    let mode = |labels: &BTreeMap<String, String>| labels.get(DATAPLANE).map(|mode| mode == "ambient");
    let enrolled = || {
        let own = mode(&pod.labels);
        own.or_else(|| mode(namespace?)).unwrap_or_default()
            || pod.annotations.get("ambient.istio.io/redirection").is_some_and(|word| word == "enabled")
    };
    match () {
        () if pod.proxy.is_some() && !pod.has_sidecar => DataPlaneMode::Proxy,
        () if pod.host_network => DataPlaneMode::HostNetwork,
        () if pod.has_sidecar => DataPlaneMode::Sidecar,
        () if enrolled() => DataPlaneMode::Ztunnel,
        () => DataPlaneMode::NotInMesh,
    }
}

#[cfg(test)]
mod tests {
    use crate::snapshot::ProxyFacts;

    use super::*;

    fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_pods_own_label_goes_before_that_of_its_namespace() {
        let namespace = labels(&[(DATAPLANE, "ambient")]);
        let pod = |own: &[(&str, &str)]| PodFacts { labels: labels(own), ..PodFacts::default() };
        assert_eq!(data_plane_mode(&pod(&[]), Some(&namespace)), DataPlaneMode::Ztunnel);
        assert_eq!(data_plane_mode(&pod(&[(DATAPLANE, "none")]), Some(&namespace)), DataPlaneMode::NotInMesh);
        assert_eq!(data_plane_mode(&pod(&[(DATAPLANE, "ambient")]), None), DataPlaneMode::Ztunnel);
    }

    #[test]
    fn a_sidecar_goes_before_ztunnel_and_the_nodes_network_before_both() {
        let namespace = labels(&[(DATAPLANE, "ambient")]);
        let mut pod = PodFacts { has_sidecar: true, ..PodFacts::default() };
        assert_eq!(data_plane_mode(&pod, Some(&namespace)), DataPlaneMode::Sidecar);
        pod.host_network = true;
        assert_eq!(data_plane_mode(&pod, Some(&namespace)), DataPlaneMode::HostNetwork);
        let gateway = PodFacts { proxy: Some(ProxyFacts::default()), ..PodFacts::default() };
        assert_eq!(data_plane_mode(&gateway, Some(&namespace)), DataPlaneMode::Proxy);
    }
}

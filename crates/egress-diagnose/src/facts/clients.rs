//! The pods that call: those with a sidecar that are no gateway.

use std::collections::BTreeSet;

use egress_core::snapshot::{PodFacts, Snapshot};

use super::PodName;

/// The pod that represents all callers of a namespace: the chosen one, or the first ready one with a sidecar.
pub(crate) fn client_of<'a>(
    snapshot: &'a Snapshot,
    namespace: &str,
    chosen: Option<&PodName>,
) -> Option<&'a PodFacts> {
    if let Some(chosen) = chosen.filter(|chosen| chosen.namespace == namespace) {
        return snapshot.pods.iter().find(|pod| PodName::of(pod) == *chosen);
    }
    let speaks = |pod: &&PodFacts| {
        pod.namespace == namespace && pod.ready && pod.has_sidecar && !is_gateway_pod(snapshot, pod)
    };
    snapshot.pods.iter().find(speaks)
}

/// The namespaces in which pods with a sidecar run.
pub(crate) fn clients(snapshot: &Snapshot) -> BTreeSet<&str> {
    let pods = snapshot.pods.iter().filter(|pod| pod.has_sidecar && !is_gateway_pod(snapshot, pod));
    pods.map(|pod| pod.namespace.as_str()).collect()
}

/// Whether a pod is one of a gateway's.
pub(crate) fn is_gateway_pod(snapshot: &Snapshot, pod: &PodFacts) -> bool {
    let mut pods = snapshot.gateways.iter().flat_map(|gateway| &gateway.pods);
    pods.any(|other| other.namespace == pod.namespace && other.name == pod.name)
}

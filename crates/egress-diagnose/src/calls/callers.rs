//! The pods whose calls are followed: of each calling namespace one for each Sidecar and each set of traffic annotations
//! that its pods have.
//!
//! Pods of one namespace and Sidecar can still differ: by `sourceLabels` of a route and by selectors of DestinationRules.

use std::collections::BTreeSet;

use egress_core::resource::ObjectId;
use egress_core::snapshot::PodFacts;

use crate::facts::{ClusterFacts, Request, client_of, clients, is_gateway_pod};
use crate::istio::capture::capture_exclusions;
use crate::path::EgressPath;
use crate::view::View;

/// The namespaces that call a host: those of the request, else all with a client.
pub(super) fn namespaces(
    facts: &ClusterFacts,
    paths: &[EgressPath<'_>],
    request: &Request,
    host: &str,
) -> BTreeSet<String> {
    if let Some(client) = &request.client {
        return [client.namespace.clone()].into();
    }
    let Some(asked) = &request.namespace else {
        return clients(&facts.snapshot).into_iter().map(str::to_owned).collect();
    };
    let of_host = paths.iter().filter(|path| path.host == host && path.egress.is_some());
    let callers: BTreeSet<String> = of_host.flat_map(|path| path.callers.iter().cloned()).collect();
    if callers.is_empty() { [asked.clone()].into() } else { callers }
}

/// The Sidecar of a pod, and the annotations that keep traffic from it, with their values.
type PodKind<'a> = (Option<&'a ObjectId>, Vec<(&'static str, &'a str)>);

/// The pods of a namespace that stand for all of them; with the chosen one it alone.
pub(super) fn pods<'a>(
    view: &View<'a>,
    facts: &'a ClusterFacts,
    request: &Request,
    namespace: &str,
) -> Vec<&'a PodFacts> {
    let chosen = request.client.as_ref().filter(|chosen| chosen.namespace == namespace);
    if chosen.is_some() {
        return client_of(&facts.snapshot, namespace, chosen).into_iter().collect();
    }
    let mut pods = view.pods(namespace);
    pods.retain(|pod| !pod.finished && !is_gateway_pod(&facts.snapshot, pod));
    pods.sort_by_key(|pod| (!pod.ready, &pod.name));
    let mut kinds: BTreeSet<PodKind<'_>> = BTreeSet::new();
    pods.retain(|pod| {
        let sidecar = view.sidecar_for(namespace, &pod.labels).map(|sidecar| &sidecar.id);
        let excluded = capture_exclusions(pod);
        kinds.insert((sidecar, excluded.iter().map(|one| (one.annotation, one.value)).collect()))
    });
    pods
}

//! The services that a gateway's pod is an endpoint of, and the port of the pod that each of their ports leads to.
//!
//! Follows `SetServiceTargets` in `pilot/pkg/model/context.go`, and `GetProxyServiceTargets` in
//! `pilot/pkg/serviceregistry/kube/controller/controller.go` and `serviceentry/controller.go`. Knows nothing of Gateway
//! objects, and no Service without a selector.

use super::endpoint::of_entry;
use super::scope::ProxyScope;
use super::service::{MeshService, ServiceSource};
use crate::label_selector::has_labels;
use crate::snapshot::{PodFacts, ServiceFacts};

/// A service with this label leaves the ports of Gateways as they are. `resolvePorts` in `pilot/pkg/model/gateway.go`.
const NO_TRANSLATION: &str = "experimental.istio.io/disable-gateway-port-translation";

/// A port of a service, and the port of the pod.
#[derive(Clone, Debug)]
pub(super) struct ServiceTarget<'w> {
    pub(super) service: &'w MeshService<'w>,
    number: u16,
    pub(super) pod_port: u16,
    /// Whether ports of Gateways that select pods are translated by it.
    translates: bool,
}

impl ServiceTarget<'_> {
    /// Whether its service is one of these, and its port has this number.
    pub(super) fn is_of(&self, services: &[&str], number: i64) -> bool {
        i64::from(self.number) == number && services.contains(&self.service.host.as_ref())
    }
}

/// The ports of the services of a gateway's pod, by age and name in full.
pub(super) fn service_targets<'w>(scope: &ProxyScope<'w>) -> Vec<ServiceTarget<'w>> {
    let pod = scope.pod;
    let is_near = |service: &&MeshService<'_>| service.namespace == pod.namespace;
    let mut services: Vec<_> = scope.world.services.iter().filter(is_near).collect();
    services.sort_by_key(|service| (service.created.is_none(), service.created, &service.host));
    let of_service = |service: &'w MeshService<'w>| match service.source {
        ServiceSource::Kubernetes(facts) => of_kubernetes(service, facts, pod),
        ServiceSource::Entry(_) => of_selecting_entry(scope, service),
    };
    services.into_iter().flat_map(of_service).collect()
}

/// The first target of the ports with this number, for a Gateway that selects pods.
pub(super) fn target<'t, 'w>(targets: &'t [ServiceTarget<'w>], number: i64) -> Option<&'t ServiceTarget<'w>> {
    targets.iter().find(|target| target.translates && i64::from(target.number) == number)
}

/// Of several ports that lead to one port of the pod and have one protocol, only the first counts.
/// `GetProxyServiceTargetsByPod`.
fn of_kubernetes<'w>(
    service: &'w MeshService<'w>,
    facts: &ServiceFacts,
    pod: &PodFacts,
) -> Vec<ServiceTarget<'w>> {
    if facts.selector.is_empty() || !has_labels(&pod.labels, &facts.selector) {
        return Vec::new();
    }
    let translates = !facts.labels.contains_key(NO_TRANSLATION);
    let mut known = Vec::new();
    let mut found = Vec::new();
    for (port, own) in facts.ports.iter().zip(&service.ports) {
        let Some(pod_port) = port.target else { continue };
        if !known.contains(&(pod_port, own.protocol)) {
            known.push((pod_port, own.protocol));
            found.push(ServiceTarget { service, number: port.number, pod_port, translates });
        }
    }
    found
}

/// A `ServiceEntry` selects pods or names addresses, which may be those of the pod.
fn of_selecting_entry<'w>(scope: &ProxyScope<'w>, service: &'w MeshService<'w>) -> Vec<ServiceTarget<'w>> {
    let ServiceSource::Entry(entry) = service.source else { return Vec::new() };
    let Some(spec) = entry.service_entry() else { return Vec::new() };
    if spec.workload_selector.is_none() && spec.endpoints.as_ref().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let addresses = &scope.pod.addresses;
    let translates = entry.labels.get(NO_TRANSLATION).is_none();
    let of_port = |number: u16| {
        let endpoints = of_entry(scope.world, service, entry, number);
        let own = endpoints.into_iter().find(|endpoint| addresses.contains(&endpoint.address))?;
        Some(ServiceTarget { service, number, pod_port: own.port, translates })
    };
    service.ports.iter().filter_map(|port| of_port(port.number)).collect()
}

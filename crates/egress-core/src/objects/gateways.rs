//! Which Services are egress gateways.
//!
//! Knows by which signs one is told. Which one is used is decided elsewhere.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};

use super::{pod, selector, service};
use crate::intent::GatewayName;
use crate::snapshot::GatewayFacts;

/// The label of the pods of Istio's own egress gateway, as a selector.
pub const GATEWAY_LABEL: &str = "istio=egressgateway";

/// The egress gateways among these Services, with the pods behind them, ordered by name.
pub fn gateways(services: &[Service], pods: &[Pod]) -> Vec<GatewayFacts> {
    let gateways = services.iter().filter(|service| is_gateway(service, pods));
    let mut found: Vec<GatewayFacts> = gateways
        .filter_map(|service| {
            let namespace = service.metadata.namespace.as_deref();
            let selector = selector(service);
            let behind: Vec<&Pod> = pods.iter().filter(|pod| is_behind(pod, namespace, &selector)).collect();
            gateway(service, &behind)
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// A Service and the pods behind it as a gateway; none where the Service has no name.
pub fn gateway(gateway: &Service, pods: &[&Pod]) -> Option<GatewayFacts> {
    let metadata = &gateway.metadata;
    let facts = service(gateway, pods);
    Some(GatewayFacts {
        name: GatewayName { namespace: metadata.namespace.clone()?, service: metadata.name.clone()? },
        selector: facts.selector,
        ports: facts.ports,
        pods: pods.iter().copied().map(pod).collect(),
        assumed: false,
    })
}

/// Whether a Service is an egress gateway: by its name, its selector, or the label of a pod behind it.
pub fn is_gateway(service: &Service, pods: &[Pod]) -> bool {
    let selector = selector(service);
    if selector.is_empty() {
        return false;
    }
    let namespace = service.metadata.namespace.as_deref();
    let named = service.metadata.name.as_deref().is_some_and(|name| name.contains("egressgateway"));
    let labelled = |pod: &&Pod| pod.metadata.labels.as_ref().is_some_and(selects_gateway_label);
    let mut behind = pods.iter().filter(|pod| is_behind(pod, namespace, &selector));
    named || selects_gateway_label(&selector) || behind.any(|pod| labelled(&pod))
}

/// Whether labels hold [`GATEWAY_LABEL`].
pub fn selects_gateway_label(labels: &BTreeMap<String, String>) -> bool {
    GATEWAY_LABEL
        .split_once('=')
        .is_some_and(|(key, value)| labels.get(key).is_some_and(|found| found == value))
}

/// Whether a pod is selected in a namespace.
pub fn is_behind(pod: &Pod, namespace: Option<&str>, selector: &BTreeMap<String, String>) -> bool {
    let labels = pod.metadata.labels.as_ref();
    pod.metadata.namespace.as_deref() == namespace
        && selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

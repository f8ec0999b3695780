//! Services as facts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::kubernetes::{Pod, Service, ServicePort as ApiPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::gateways::is_behind;
use super::pod::containers;
use crate::snapshot::{ServiceFacts, ServicePort};

/// The annotation of a Service that says who sees it: as `exportTo` of a ServiceEntry.
pub const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// A Service as a fact. Target ports that are names are resolved by the containers of `pods`.
pub fn service(service: &Service, pods: &[&Pod]) -> ServiceFacts {
    let (spec, metadata) = (service.spec.as_ref(), &service.metadata);
    ServiceFacts {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone().unwrap_or_default(),
        selector: selector(service),
        ports: spec
            .iter()
            .flat_map(|spec| spec.ports.iter().flatten())
            .filter_map(|port| service_port(port, pods))
            .collect(),
        external_name: spec.and_then(|spec| spec.external_name.clone()).filter(|name| !name.is_empty()),
        addresses: addresses(service),
        headless: spec.is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None")),
        created: super::created(metadata),
        export_to: export_to(metadata),
        accepts: super::accepts(metadata),
    }
}

/// A Service as a fact, with the pods among which those are that it selects.
pub fn service_among(service: &Service, pods: &[&Pod]) -> ServiceFacts {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let by_name = |port: &ApiPort| matches!(port.target_port, Some(IntOrString::String(_)));
    // Looking for pods is worth it only where a port is called by its name.
    if !ports.clone().any(by_name) {
        return self::service(service, &[]);
    }
    let selector = selector(service);
    let namespace = service.metadata.namespace.as_deref();
    let is_behind = |pod: &&Pod| !selector.is_empty() && is_behind(pod, namespace, &selector);
    let behind: Vec<&Pod> = pods.iter().copied().filter(is_behind).collect();
    self::service(service, &behind)
}

fn addresses(service: &Service) -> Vec<String> {
    let spec = service.spec.iter();
    let all = spec.flat_map(|spec| spec.cluster_ip.iter().chain(spec.cluster_ips.iter().flatten()));
    // A headless Service says `None`; the first address is in both fields.
    let mut found: Vec<String> = all.filter(|address| address.parse::<IpAddr>().is_ok()).cloned().collect();
    found.dedup();
    found
}

/// `convertService` in `pilot/pkg/serviceregistry/kube/conversion.go`.
fn export_to(metadata: &ObjectMeta) -> Option<Vec<String>> {
    let words = metadata.annotations.as_ref()?.get(EXPORT_TO).filter(|words| !words.is_empty())?;
    Some(words.split(',').map(|word| word.trim().to_owned()).collect())
}

/// Which pods are behind a Service.
pub fn selector(service: &Service) -> BTreeMap<String, String> {
    service.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default()
}

fn service_port(port: &ApiPort, pods: &[&Pod]) -> Option<ServicePort> {
    let number = u16::try_from(port.port).ok()?;
    let target = match &port.target_port {
        None => Some(number),
        Some(IntOrString::Int(target)) => u16::try_from(*target).ok(),
        Some(IntOrString::String(name)) => pods.iter().find_map(|pod| container_port(pod, name)),
    };
    Some(ServicePort {
        name: port.name.clone().unwrap_or_default(),
        number,
        target,
        app_protocol: port.app_protocol.clone(),
        udp: port.protocol.as_deref() == Some("UDP"),
    })
}

fn container_port(pod: &Pod, name: &str) -> Option<u16> {
    let ports = containers(pod).flat_map(|container| container.ports.iter().flatten());
    let mut named = ports.filter(|port| port.name.as_deref() == Some(name));
    named.find_map(|port| u16::try_from(port.container_port).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn target_ports_by_name_are_resolved_where_a_container_explains_them() {
        let object: Service = serde_json::from_value(json!({
            "metadata": {"name": "egress", "namespace": "istio-system"},
            "spec": {"ports": [
                {"name": "https", "port": 443, "targetPort": "tls"},
                {"name": "http2", "port": 80, "targetPort": 8080},
                {"name": "plain", "port": 81},
                {"name": "other", "port": 82, "targetPort": "unknown"},
            ]},
        }))
        .unwrap();
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {},
            "spec": {"containers": [{"name": "istio-proxy", "ports": [{"name": "tls", "containerPort": 8443}]}]},
        }))
        .unwrap();
        let targets: Vec<_> = service(&object, &[&pod]).ports.iter().map(|port| port.target).collect();
        assert_eq!(targets, [Some(8443), Some(8080), Some(81), None]);
    }
}

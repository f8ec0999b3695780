//! Kubernetes objects as facts.
//!
//! Knows their form. Contacts nothing.

use std::collections::BTreeMap;

use egress_core::snapshot::{NodeFacts, PodFacts, ServiceFacts, ServicePort};
use k8s_openapi::api::core::v1::{Container, Node, Pod, Service, ServicePort as ApiPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The container of Istio's proxy.
const PROXY: &str = "istio-proxy";

/// A pod as a fact.
pub(super) fn pod(pod: &Pod) -> PodFacts {
    let (spec, metadata) = (pod.spec.as_ref(), &pod.metadata);
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready =
        conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    PodFacts {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone().unwrap_or_default(),
        node: spec.and_then(|spec| spec.node_name.clone()),
        ready: ready && metadata.deletion_timestamp.is_none(),
        has_sidecar: has_sidecar(pod),
        host_network: spec.and_then(|spec| spec.host_network).unwrap_or(false),
    }
}

/// A node as a fact.
pub(super) fn node(node: &Node) -> NodeFacts {
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let conditions = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
    let taints = spec.into_iter().flat_map(|spec| spec.taints.iter().flatten());
    let addresses = status.into_iter().flat_map(|status| status.addresses.iter().flatten());
    NodeFacts {
        name: node.metadata.name.clone().unwrap_or_default(),
        labels: node.metadata.labels.clone().unwrap_or_default(),
        ready: conditions
            .into_iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        schedulable: !spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
        taints: taints
            .map(|taint| {
                format!("{}={}:{}", taint.key, taint.value.as_deref().unwrap_or_default(), taint.effect)
            })
            .collect(),
        addresses: addresses.map(|address| address.address.clone()).collect(),
    }
}

/// A Service as a fact. Target ports that are names are resolved by the containers of `pods`.
pub(super) fn service(service: &Service, pods: &[&Pod]) -> ServiceFacts {
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
    }
}

/// Which pods are behind a Service.
pub(super) fn selector(service: &Service) -> BTreeMap<String, String> {
    service.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default()
}

/// The cluster's DNS domain, as istiod told it to a proxy: `--domain $(POD_NAMESPACE).svc.cluster.local`.
pub(super) fn cluster_domain<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<String> {
    pods.filter_map(proxy).find_map(|container| {
        let mut arguments = container.args.iter().flatten();
        arguments.find(|argument| *argument == "--domain")?;
        let (_, domain) = arguments.next()?.split_once(".svc.")?;
        Some(domain.to_owned())
    })
}

fn service_port(port: &ApiPort, pods: &[&Pod]) -> Option<ServicePort> {
    let number = u16::try_from(port.port).ok()?;
    let target = match &port.target_port {
        None => Some(number),
        Some(IntOrString::Int(target)) => u16::try_from(*target).ok(),
        Some(IntOrString::String(name)) => pods.iter().find_map(|pod| container_port(pod, name)),
    };
    Some(ServicePort { name: port.name.clone().unwrap_or_default(), number, target })
}

fn container_port(pod: &Pod, name: &str) -> Option<u16> {
    let ports = containers(pod).flat_map(|container| container.ports.iter().flatten());
    let mut named = ports.filter(|port| port.name.as_deref() == Some(name));
    named.find_map(|port| u16::try_from(port.container_port).ok())
}

fn proxy(pod: &Pod) -> Option<&Container> {
    containers(pod).find(|container| container.name == PROXY)
}

/// Whether a proxy runs beside an application. In a gateway or a waypoint the proxy is the application.
fn has_sidecar(pod: &Pod) -> bool {
    let plays = |proxy: &Container, part: &str| proxy.args.iter().flatten().any(|argument| argument == part);
    let beside = proxy(pod).is_some_and(|proxy| !plays(proxy, "router") && !plays(proxy, "waypoint"));
    let mut applications = pod.spec.iter().flat_map(|spec| &spec.containers);
    beside && applications.any(|container| container.name != PROXY)
}

/// Ordinary containers first; a native sidecar is an init container.
fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.iter();
    spec.flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gateway_pod() -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "egress-1", "namespace": "istio-system", "labels": {"istio": "egressgateway"}},
            "spec": {
                "nodeName": "infra-1",
                "containers": [{
                    "name": "istio-proxy",
                    "args": ["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.corp.local", "--log_as_json"],
                    "ports": [{"name": "tls", "containerPort": 8443}],
                }],
            },
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }))
        .unwrap()
    }

    #[test]
    fn a_ready_pod_that_is_being_deleted_is_not_ready() {
        let mut object = gateway_pod();
        assert!(pod(&object).ready);
        object.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        assert!(!pod(&object).ready);
    }

    #[test]
    fn the_proxy_of_a_gateway_is_no_sidecar() {
        let mut object = gateway_pod();
        assert!(!pod(&object).has_sidecar);
        let helper = serde_json::from_value(json!({"name": "certificates"})).unwrap();
        object.spec.as_mut().unwrap().containers.push(helper);
        assert!(!pod(&object).has_sidecar, "whatever else runs in it");
        object.spec.as_mut().unwrap().containers[0].args = None;
        assert!(pod(&object).has_sidecar);
    }

    #[test]
    fn a_native_sidecar_is_a_proxy_beside_an_application() {
        let object: Pod = serde_json::from_value(json!({
            "metadata": {},
            "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "istio-proxy"}]},
        }))
        .unwrap();
        assert!(pod(&object).has_sidecar);
    }

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
        let pod = gateway_pod();
        let targets: Vec<_> = service(&object, &[&pod]).ports.iter().map(|port| port.target).collect();
        assert_eq!(targets, [Some(8443), Some(8080), Some(81), None]);
    }

    #[test]
    fn the_cluster_domain_is_what_istiod_told_a_proxy() {
        assert_eq!(cluster_domain([gateway_pod()].iter()).as_deref(), Some("corp.local"));
        assert_eq!(cluster_domain([Pod::default()].iter()), None);
    }
}

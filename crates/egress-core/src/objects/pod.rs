//! Pods as facts.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::{Container, EnvVar, NodeSelectorTerm, Pod, PodSpec, PodStatus};

use super::of_istio;
use crate::snapshot::{NodeDemand, NodeTerm, Owner, PodFacts, ProxyFacts, ProxyRole};

mod capture;
mod control_plane;

pub use self::control_plane::control_plane;

/// The container of Istio's proxy.
const PROXY: &str = "istio-proxy";
/// Environment variables by which applications are told to use a forward proxy; either case is in use.
const FORWARD_PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// A pod as a fact.
pub fn pod(pod: &Pod) -> PodFacts {
    let (spec, status, metadata) = (pod.spec.as_ref(), pod.status.as_ref(), &pod.metadata);
    let ready = condition(pod, "Ready").is_some_and(|(holds, _)| holds);
    let finished = status.and_then(|status| status.phase.as_deref());
    let owners = metadata.owner_references.iter().flatten();
    PodFacts {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone().unwrap_or_default(),
        annotations: of_istio(metadata.annotations.as_ref()),
        addresses: status.into_iter().flat_map(addresses).collect(),
        node: spec.and_then(|spec| spec.node_name.clone()),
        ready: ready && metadata.deletion_timestamp.is_none(),
        finished: finished.is_some_and(|phase| phase == "Succeeded" || phase == "Failed"),
        has_sidecar: has_sidecar(pod),
        host_network: spec.and_then(|spec| spec.host_network).unwrap_or(false),
        service_account: spec.and_then(|spec| spec.service_account_name.clone()).unwrap_or_default(),
        owner: owners
            .filter(|owner| owner.controller == Some(true))
            .map(|owner| Owner { kind: owner.kind.clone(), name: owner.name.clone() })
            .next(),
        proxy: proxy(pod).map(|proxy| ProxyFacts {
            image: proxy.image.clone().unwrap_or_default(),
            role: role(proxy),
            unprivileged: is_unprivileged(proxy),
        }),
        unschedulable: condition(pod, "PodScheduled").filter(|(holds, _)| !holds).map(|(_, why)| why),
        early_containers: capture::early_containers(pod),
        containers_as_proxy: capture::containers_as_proxy(pod),
        forward_proxies: forward_proxies(pod),
        no_proxy: variables(pod, "no_proxy").filter_map(|variable| variable.value.clone()).collect(),
        node_demand: spec.map(node_demand).unwrap_or_default(),
    }
}

/// Which nodes a pod must run on.
pub(super) fn node_demand(spec: &PodSpec) -> NodeDemand {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required =
        affinity.and_then(|nodes| nodes.required_during_scheduling_ignored_during_execution.as_ref());
    let term = |term: &NodeSelectorTerm| NodeTerm {
        expressions: term.match_expressions.clone().unwrap_or_default(),
        fields: term.match_fields.clone().unwrap_or_default(),
    };
    NodeDemand {
        labels: spec.node_selector.clone().unwrap_or_default(),
        terms: required.into_iter().flat_map(|required| &required.node_selector_terms).map(term).collect(),
    }
}

/// The first is in both fields.
fn addresses(status: &PodStatus) -> BTreeSet<String> {
    let all = status.pod_ips.iter().flatten().map(|address| address.ip.clone());
    all.chain(status.pod_ip.clone()).collect()
}

/// The cluster's DNS domain, as istiod told it to a proxy: `--domain $(POD_NAMESPACE).svc.cluster.local`.
pub fn cluster_domain<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<String> {
    pods.filter_map(proxy).find_map(|container| {
        let mut arguments = container.args.iter().flatten();
        arguments.find(|argument| *argument == "--domain")?;
        let (_, domain) = arguments.next()?.split_once(".svc.")?;
        Some(domain.to_owned())
    })
}

/// Ordinary containers first; a native sidecar is an init container.
pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.iter();
    spec.flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()))
}

fn proxy(pod: &Pod) -> Option<&Container> {
    containers(pod).find(|container| container.name == PROXY)
}

fn role(proxy: &Container) -> ProxyRole {
    let plays = |part: &str| proxy.args.iter().flatten().any(|argument| argument == part);
    let roles =
        [("router", ProxyRole::Router), ("waypoint", ProxyRole::Waypoint), ("sidecar", ProxyRole::Sidecar)];
    roles.into_iter().find(|(part, _)| plays(part)).map(|(_, role)| role).unwrap_or_default()
}

/// Whether a proxy is told that it may not open ports below 1024. `IsUnprivileged` in `pilot/pkg/model/context.go` of
/// istio/istio.
fn is_unprivileged(proxy: &Container) -> bool {
    let mut variables = proxy.env.iter().flatten();
    let told = variables.find(|variable| variable.name == "ISTIO_META_UNPRIVILEGED_POD");
    told.and_then(|variable| variable.value.as_deref())
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Whether a proxy runs beside an application. In a gateway or a waypoint the proxy is the application.
fn has_sidecar(pod: &Pod) -> bool {
    let sidecar = |proxy| matches!(role(proxy), ProxyRole::Sidecar | ProxyRole::Untold);
    let beside = proxy(pod).is_some_and(sidecar);
    let mut applications = pod.spec.iter().flat_map(|spec| &spec.containers);
    beside && applications.any(|container| container.name != PROXY)
}

/// Whether a condition holds, and what is said about it; none where nothing is said.
fn condition(pod: &Pod, kind: &str) -> Option<(bool, String)> {
    let mut all = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let found = all.find(|condition| condition.type_ == kind)?;
    Some((found.status == "True", found.message.clone().unwrap_or_default()))
}

/// The variables of a pod's applications with a name, in either case.
fn variables<'a>(pod: &'a Pod, name: &'a str) -> impl Iterator<Item = &'a EnvVar> {
    let applications = containers(pod).filter(|container| container.name != PROXY);
    let all = applications.flat_map(|container| container.env.iter().flatten());
    all.filter(move |variable| variable.name.eq_ignore_ascii_case(name))
}

fn forward_proxies(pod: &Pod) -> BTreeMap<String, String> {
    let told = FORWARD_PROXIES.iter().flat_map(|name| variables(pod, name));
    told.filter_map(|variable| Some((variable.name.clone(), proxy_address(variable.value.as_ref()?))))
        .collect()
}

/// Where a forward proxy is, without user, password, path and query: `http://user:password@proxy:3128/?key=x` is
/// `http://proxy:3128`. What is no address at all is not shown.
pub fn proxy_address(url: &str) -> String {
    const NO_ADDRESS: &str = "(no address)";
    let (scheme, rest) = url.split_once("://").map_or((None, url), |(scheme, rest)| (Some(scheme), rest));
    let (authority, below) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_scheme = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    // A password may hold a slash, and what is in front of it then looks like a host.
    let doubtful = below.contains('@') && !authority.contains('@');
    if doubtful || !host.bytes().all(is_host) || !scheme.is_none_or(is_scheme) {
        return NO_ADDRESS.to_owned();
    }
    scheme.map_or_else(|| host.to_owned(), |scheme| format!("{scheme}://{host}"))
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
    fn what_others_wrote_on_a_pod_is_not_kept() {
        let object: Pod = serde_json::from_value(json!({
            "metadata": {"annotations": {"example.com/secret": "x", "traffic.sidecar.istio.io/excludeOutboundPorts": "443"}},
            "spec": {"containers": [{"name": "app", "env": [{"name": "TOKEN", "value": "x"}, {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}]},
        }))
        .unwrap();
        let facts = pod(&object);
        assert_eq!(facts.annotations.len(), 1);
        assert_eq!(
            facts.forward_proxies,
            [("HTTPS_PROXY".to_owned(), "http://proxy:3128".to_owned())].into()
        );
    }

    #[test]
    fn the_cluster_domain_is_what_istiod_told_a_proxy() {
        assert_eq!(cluster_domain([gateway_pod()].iter()).as_deref(), Some("corp.local"));
        assert_eq!(cluster_domain([Pod::default()].iter()), None);
    }

    #[test]
    fn of_a_forward_proxy_only_the_address_is_kept() {
        for (url, kept) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://u:hunter2@proxy:3128/?k=hunter2#hunter2", "http://proxy:3128"),
            ("hunter2@proxy", "proxy"),
            ("u:hunter2@proxy:80/hunter2", "proxy:80"),
            ("socks5://[::1]:1080", "socks5://[::1]:1080"),
            ("http://hunter2/w@proxy", "(no address)"),
            ("http://proxy/?k=a@hunter2", "(no address)"),
            ("hunter2 word", "(no address)"),
        ] {
            assert_eq!(proxy_address(url), kept, "{url}");
        }
    }
}

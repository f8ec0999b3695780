//! Which Services are egress gateways.
//!
//! Knows by which signs one is told: its name, its pods, or what Istio's objects do with it. Which one is used is decided
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::kubernetes::{Pod, Service};

use super::{hold, pod, selector, service};
use crate::intent::GatewayName;
use crate::istio::server::named_services;
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::{GatewayFacts, PodFacts, ProxyRole, ServiceFacts};
use crate::visibility::host_matches;
use crate::visibility::virtual_service::{destinations, serves_mesh};

/// The label of the pods of Istio's own egress gateway, as a selector.
pub const GATEWAY_LABEL: &str = "istio=egressgateway";

/// What Istio's objects say about which Services are egress gateways.
#[derive(Debug, Default)]
pub struct Routed {
    services: BTreeSet<GatewayName>,
    selectors: BTreeSet<BTreeMap<String, String>>,
    /// The Services that Gateway objects name instead of selecting pods, each with the Gateway's own name.
    named: BTreeMap<GatewayName, GatewayName>,
}

/// The egress gateways among these Services, with the pods behind them, ordered by name.
pub fn gateways(services: &[Service], pods: &[Pod], routed: &Routed) -> Vec<GatewayFacts> {
    let gateways = services.iter().filter(|service| is_gateway(service, pods) || routed.names(service, pods));
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
    let facts = service(gateway, pods);
    Some(GatewayFacts {
        name: name(gateway)?,
        selector: facts.selector,
        ports: facts.ports,
        pods: pods.iter().copied().map(pod).collect(),
        headless: gateway.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None")),
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
    let named = service.metadata.name.as_deref().is_some_and(is_called_gateway);
    let labelled = |pod: &&Pod| pod.metadata.labels.as_ref().is_some_and(selects_gateway_label);
    let mut behind = pods.iter().filter(|pod| is_behind(pod, namespace, &selector));
    named || selects_gateway_label(&selector) || behind.any(|pod| labelled(&pod))
}

/// Whether a pod runs Envoy as a gateway, whoever configures it.
fn is_router(pod: &PodFacts) -> bool {
    pod.proxy.as_ref().is_some_and(|proxy| proxy.role == ProxyRole::Router)
}

fn is_called_gateway(name: &str) -> bool {
    name.contains("egressgateway")
}

/// Whether labels hold [`GATEWAY_LABEL`].
pub fn selects_gateway_label(labels: &BTreeMap<String, String>) -> bool {
    hold(labels, GATEWAY_LABEL)
}

/// Whether a pod is selected in a namespace.
pub fn is_behind(pod: &Pod, namespace: Option<&str>, selector: &BTreeMap<String, String>) -> bool {
    let labels = pod.metadata.labels.as_ref();
    pod.metadata.namespace.as_deref() == namespace
        && labels.map_or(selector.is_empty(), |labels| has_labels(labels, selector))
}

impl Routed {
    /// What these objects say. A Service is an egress gateway where sidecars send a host to it that a ServiceEntry
    /// declares outside the mesh, and its pods are gateways: a Gateway object is for them, or they run Envoy as one.
    pub fn by(resources: &[Resource]) -> Self {
        Routed::among(resources.iter())
    }

    /// The same of these objects, with those that istiod makes of the Gateway API.
    pub fn among<'a>(resources: impl Iterator<Item = &'a Resource> + Clone) -> Self {
        let outside = Outside::of(resources.clone());
        let mut routed = Routed::default();
        // Many hosts, and the same few Services: each is worked out once.
        let mut hosts: HashSet<(&str, &str)> = HashSet::new();
        for resource in resources {
            if let Some(spec) = resource.gateway() {
                routed.selectors.extend(spec.selector.clone());
                let named = named_services(resource).into_iter().flatten();
                let (namespace, own) = (&resource.id.namespace, resource.id.name.as_str());
                let own = service_of(own.split('~').next().unwrap_or(own), namespace);
                routed
                    .named
                    .extend(named.filter_map(|host| Some((service_of(host, namespace)?, own.clone()?))));
            }
            let Some(spec) = resource.virtual_service().filter(|spec| serves_mesh(spec)) else { continue };
            if spec.hosts.iter().flatten().any(|host| outside.holds(host)) {
                hosts.extend(destinations(spec).map(|host| (host, resource.id.namespace.as_str())));
            }
        }
        routed.services.extend(hosts.into_iter().filter_map(|(host, namespace)| service_of(host, namespace)));
        routed
    }

    /// The Services that sidecars send hosts outside the mesh to.
    pub fn services(&self) -> impl Iterator<Item = &GatewayName> {
        self.services.iter()
    }

    /// The egress gateway that a Service is, with these pods behind it; none where it is none.
    pub fn gateway(&self, service: &ServiceFacts, pods: &[PodFacts]) -> Option<GatewayName> {
        let name = GatewayName { namespace: service.namespace.clone(), service: service.name.clone() };
        let labelled = || pods.iter().any(|pod| selects_gateway_label(&pod.labels));
        let is_one = !service.selector.is_empty()
            && (is_called_gateway(&service.name) || selects_gateway_label(&service.selector) || labelled());
        let is_router = pods.iter().any(is_router);
        (is_one || self.lead_to(&name, &service.selector, is_router)).then_some(name)
    }

    /// Whether they say so of this Service, with the pods behind it among these.
    pub fn names(&self, service: &Service, pods: &[Pod]) -> bool {
        let Some(name) = name(service).filter(|name| self.leads_to(name)) else { return false };
        let selector = selector(service);
        let behind = |pod: &&Pod| is_behind(pod, Some(&name.namespace), &selector);
        let has_router =
            !selector.is_empty() && pods.iter().filter(behind).any(|found| is_router(&pod(found)));
        self.lead_to(&name, &selector, has_router)
    }

    fn leads_to(&self, name: &GatewayName) -> bool {
        self.services.contains(name) || self.named.get(name).is_some_and(|own| self.services.contains(own))
    }

    fn lead_to(&self, name: &GatewayName, found: &BTreeMap<String, String>, has_router: bool) -> bool {
        let selected = |wanted: &BTreeMap<String, String>| !wanted.is_empty() && has_labels(found, wanted);
        self.leads_to(name)
            && (has_router || self.named.contains_key(name) || self.selectors.iter().any(selected))
    }
}

/// The hosts that ServiceEntries declare outside the mesh.
struct Outside<'a> {
    exact: HashSet<&'a str>,
    wildcards: Vec<&'a str>,
}

impl<'a> Outside<'a> {
    fn of(resources: impl Iterator<Item = &'a Resource>) -> Self {
        use egress_istio::service_entry::ServiceEntryLocation::MeshInternal;
        let entries = resources.filter_map(Resource::service_entry);
        let hosts = entries.filter(|spec| spec.location != Some(MeshInternal)).flat_map(|spec| &spec.hosts);
        let (wildcards, exact): (Vec<&str>, Vec<&str>) =
            hosts.map(String::as_str).partition(|host| host.starts_with('*'));
        Outside { exact: exact.into_iter().collect(), wildcards }
    }

    /// A route for a wildcard is outside where a host below it is.
    fn holds(&self, host: &str) -> bool {
        self.exact.contains(host)
            || self.wildcards.iter().any(|wildcard| *wildcard == host || host_matches(wildcard, host))
            || (host.starts_with('*') && self.exact.iter().any(|exact| host_matches(host, exact)))
    }
}

/// The Service that a destination means: `name.namespace.svc.DOMAIN`, or a name alone in the object's own namespace.
fn service_of(host: &str, namespace: &str) -> Option<GatewayName> {
    let (service, namespace) = match host.split_once('.') {
        None => (host, namespace),
        Some((service, rest)) => (service, rest.split_once(".svc.")?.0),
    };
    // A host may be any text.
    format!("{namespace}/{service}").parse().ok()
}

fn name(service: &Service) -> Option<GatewayName> {
    let metadata = &service.metadata;
    Some(GatewayName { namespace: metadata.namespace.clone()?, service: metadata.name.clone()? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn objects(location: &str, selector: &str) -> Vec<Resource> {
        let object = |kind: &str, spec: Value| {
            json!({ "apiVersion": "networking.istio.io/v1", "kind": kind,
                "metadata": { "name": "cnn", "namespace": "shop" }, "spec": spec })
        };
        let route = json!({ "destination": { "host": "outward.istio-egress.svc.cluster.local" } });
        [
            object("ServiceEntry", json!({ "hosts": ["edition.cnn.com"], "location": location })),
            object("VirtualService", json!({ "hosts": ["edition.cnn.com"], "http": [{ "route": [route] }] })),
            object("Gateway", json!({ "selector": { "istio": selector } })),
        ]
        .map(|object| Resource::from_json(&object).unwrap())
        .into()
    }

    fn outward() -> Service {
        serde_json::from_value(json!({
            "metadata": { "name": "outward", "namespace": "istio-egress" },
            "spec": { "selector": { "istio": "outward", "app": "outward" } },
        }))
        .unwrap()
    }

    #[test]
    fn a_gateway_of_any_name_is_told_by_what_routes_do_with_it() {
        assert!(Routed::by(&objects("MESH_EXTERNAL", "outward")).names(&outward(), &[]));
    }

    #[test]
    fn a_destination_that_is_no_name_of_a_service_is_no_gateway() {
        assert_eq!(service_of("outward.istio/egress.svc.cluster.local", "shop"), None);
        assert_eq!(service_of("Outward", "shop"), None);
        assert_eq!(
            service_of("outward", "shop").map(|name| name.to_string()),
            Some("shop/outward".to_owned())
        );
    }

    #[test]
    fn a_service_of_the_mesh_is_no_gateway() {
        assert!(
            !Routed::by(&objects("MESH_INTERNAL", "outward")).names(&outward(), &[]),
            "the host is inside"
        );
        assert!(
            !Routed::by(&objects("MESH_EXTERNAL", "other")).names(&outward(), &[]),
            "no server on its pods"
        );
    }
}

//! A cluster as it would be after applying some objects.
//!
//! Knows which facts one object changes directly, and that EndpointSlices follow the ports of their Service. Does not simulate
//! other controllers, such as a Deployment's pods.

use std::collections::{BTreeMap, HashMap, HashSet};

use egress_core::input::{Gap, Input};
use egress_core::label_selector::has_labels;
use egress_core::objects::Routed;
use egress_core::related_resources::{Named, SliceFacts, replace};
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::{GatewayFacts, PodFacts, ServiceFacts, ServicePort, Snapshot};

use super::cluster_facts::ClusterFacts;

impl ClusterFacts {
    /// Applies objects to these facts: an existing object is replaced and keeps its age, a new one is the youngest.
    /// Drops Envoys' configuration, since it is from before.
    pub fn lay_over(&mut self, applied: ClusterFacts) {
        let (own, new) = (&mut self.snapshot, applied.snapshot);
        resources(&mut own.resources, new.resources);
        replace(&mut own.namespaces, new.namespaces, |namespace| namespace.name.clone());
        replace(&mut own.nodes, new.nodes, |node| node.name.clone());
        replace(&mut own.pods, new.pods.clone(), named_pod);
        replace(&mut own.services, new.services.clone(), |one| (one.namespace.clone(), one.name.clone()));
        if new.mesh.outbound.is_some() {
            let (version, domain) = (own.mesh.api_version.clone(), own.mesh.cluster_domain.clone());
            own.mesh = new.mesh;
            own.other_meshes = new.other_meshes;
            (own.mesh.api_version, own.mesh.cluster_domain) = (version, domain);
        }
        gateways(own, &new.services, &new.gateways, &new.pods);
        slices(&mut self.related_resources.endpoint_slices, &new.services);
        self.related_resources.lay_over(applied.related_resources);
        self.add_gateways_of_gateway_api();
        self.proxies.clear();
        self.gaps.extend([Input::ClientProxies, Input::GatewayProxies].map(|input| (input, Gap::NotGiven)));
    }
}

/// The endpoints of Services with a selector have the ports that these now have; their addresses stay.
fn slices(slices: &mut [Named<SliceFacts>], services: &[ServiceFacts]) {
    for service in services.iter().filter(|service| !service.selector.is_empty()) {
        let ports: Vec<&ServicePort> = service.ports.iter().filter(|port| !port.udp).collect();
        for slice in slices.iter_mut().filter(|slice| slice.is_of(service)) {
            let SliceFacts { ports: numbers, port_names: names, .. } = &mut slice.spec;
            // A port of the pods that has a name is known from before.
            let known = |port: &ServicePort| {
                let place = names.iter().position(|name| *name == port.name)?;
                numbers.get(place).copied()
            };
            let number = |port: &&ServicePort| {
                port.target.map(i32::from).or_else(|| known(port)).unwrap_or(i32::from(port.number))
            };
            let now: Vec<i32> = ports.iter().map(number).collect();
            (*numbers, *names) = (now, ports.iter().map(|port| port.name.clone()).collect());
        }
    }
}

fn resources(live: &mut Vec<Resource>, applied: Vec<Resource>) {
    let names: HashSet<ObjectId> = applied.iter().map(|resource| resource.id.clone()).collect();
    let (before, rest): (Vec<_>, Vec<_>) =
        std::mem::take(live).into_iter().partition(|resource| names.contains(&resource.id));
    let mut ages: HashMap<_, _> = before.into_iter().map(|resource| (resource.id, resource.live)).collect();
    *live = rest;
    live.extend(applied.into_iter().map(|mut resource| {
        resource.live = ages.remove(&resource.id).flatten();
        resource
    }));
}

/// The gateways with the Services and pods that were applied: a Service changes its gateway or makes one, and a pod comes
/// to the gateways that select it.
fn gateways(
    snapshot: &mut Snapshot,
    services: &[ServiceFacts],
    of_files: &[GatewayFacts],
    applied: &[PodFacts],
) {
    let routed = Routed::by(&snapshot.resources);
    let pods_of =
        |namespace: &str, selector: &BTreeMap<String, String>, before: &[PodFacts]| -> Vec<PodFacts> {
            let is_behind = |pod: &&PodFacts| {
                pod.namespace == namespace && !selector.is_empty() && has_labels(&pod.labels, selector)
            };
            let mut pods = before.to_vec();
            replace(&mut pods, snapshot.pods.iter().filter(is_behind).cloned().collect(), named_pod);
            pods.retain(|pod| is_behind(&pod));
            pods
        };
    let mut found: Vec<GatewayFacts> = Vec::new();
    for gateway in std::mem::take(&mut snapshot.gateways) {
        if services.iter().any(|service| is_of(service, &gateway)) {
            found.push(gateway);
        } else if applied.iter().any(|pod| pod.namespace == gateway.name.namespace) {
            let pods = pods_of(&gateway.name.namespace, &gateway.selector, &gateway.pods);
            found.push(GatewayFacts { pods, ..gateway });
        } else {
            found.push(gateway);
        }
    }
    for service in services {
        let before =
            found.iter().position(|gateway| is_of(service, gateway)).map(|place| found.remove(place));
        let of_file = of_files.iter().find(|gateway| is_of(service, gateway));
        let behind = before.as_ref().map(|before| before.pods.as_slice()).unwrap_or_default();
        let pods = pods_of(&service.namespace, &service.selector, behind);
        let Some(name) = before
            .as_ref()
            .or(of_file)
            .map(|gateway| gateway.name.clone())
            .or_else(|| routed.gateway(service, &pods))
        else {
            continue;
        };
        let known = [of_file, before.as_ref()];
        let ports = service.ports.iter().map(|port| with_target(port, &known)).collect();
        let headless = known.iter().flatten().any(|gateway| gateway.headless);
        let selector = service.selector.clone();
        found.push(GatewayFacts { name, selector, ports, pods, headless, assumed: false });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot.gateways = found;
}

fn is_of(service: &ServiceFacts, gateway: &GatewayFacts) -> bool {
    service.namespace == gateway.name.namespace && service.name == gateway.name.service
}

/// A named target port keeps its number from the pods' containers.
fn with_target(port: &ServicePort, known: &[Option<&GatewayFacts>]) -> ServicePort {
    let same = known.iter().flatten().find_map(|gateway| gateway.port(port.number)?.target);
    ServicePort { target: port.target.or(same), ..port.clone() }
}

fn named_pod(pod: &PodFacts) -> (String, String) {
    (pod.namespace.clone(), pod.name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::facts::collect::Collector;

    fn facts(objects: &[Value]) -> ClusterFacts {
        let mut collector = Collector::default();
        for object in objects {
            collector.add(&object.into()).unwrap();
        }
        collector.finish()
    }

    fn object(api_version: &str, kind: &str, name: &str, rest: &Value) -> Value {
        let mut object = json!({
            "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": "istio-system", "uid": "1" },
        });
        for (key, value) in rest.as_object().unwrap() {
            object[key] = value.clone();
        }
        object
    }

    fn service(port: u16) -> Value {
        let spec =
            json!({ "selector": { "istio": "egressgateway" }, "ports": [{ "name": "http", "port": port }] });
        object("v1", "Service", "istio-egressgateway", &json!({ "spec": spec }))
    }

    fn pod(name: &str) -> Value {
        let mut pod = object(
            "v1",
            "Pod",
            name,
            &json!({
                "spec": { "containers": [{ "name": "istio-proxy" }] },
                "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
            }),
        );
        pod["metadata"]["labels"] = json!({ "istio": "egressgateway" });
        pod
    }

    fn node(unschedulable: bool) -> Value {
        object("v1", "Node", "infra-1", &json!({ "spec": { "unschedulable": unschedulable } }))
    }

    fn deployment(replicas: u8) -> Value {
        let spec = json!({
            "replicas": replicas, "selector": {}, "template": { "metadata": {}, "spec": { "containers": [] } },
        });
        object("apps/v1", "Deployment", "istio-egressgateway", &json!({ "spec": spec }))
    }

    fn webhook(policy: &str) -> Value {
        let webhook = json!({
            "name": "validation.istio.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": policy, "clientConfig": {},
        });
        let kind = "ValidatingWebhookConfiguration";
        object("admissionregistration.k8s.io/v1", kind, "istio-validator", &json!({ "webhooks": [webhook] }))
    }

    fn secret(key: &str) -> Value {
        object("v1", "Secret", "client-credential", &json!({ "data": { key: "" } }))
    }

    /// Objects of every kind in files must have the effect that they have once they are applied.
    #[test]
    fn an_object_of_the_files_replaces_the_one_of_the_cluster_whatever_its_kind() {
        let mut all = facts(&[
            service(80),
            pod("egress-1"),
            node(false),
            deployment(1),
            webhook("Ignore"),
            secret("tls.crt"),
        ]);
        let files = [service(443), node(true), deployment(3), webhook("Fail"), secret("cacert")];
        all.lay_over(facts(&files));
        let ClusterFacts { snapshot, related_resources, .. } = &all;
        let ports = |ports: &[egress_core::snapshot::ServicePort]| -> Vec<u16> {
            ports.iter().map(|port| port.number).collect()
        };
        assert_eq!(snapshot.services.iter().map(|one| ports(&one.ports)).collect::<Vec<_>>(), [[443]]);
        assert_eq!(snapshot.gateways.iter().map(|one| ports(&one.ports)).collect::<Vec<_>>(), [[443]]);
        let behind = snapshot.gateways[0].pods.iter().map(|pod| pod.name.as_str());
        assert_eq!(behind.collect::<Vec<_>>(), ["egress-1"]);
        assert_eq!(snapshot.nodes.iter().map(|node| node.schedulable).collect::<Vec<_>>(), [false]);
        assert_eq!(related_resources.workloads.iter().map(|one| one.replicas).collect::<Vec<_>>(), [Some(3)]);
        assert_eq!(related_resources.webhooks.iter().map(|one| one.fails_closed).collect::<Vec<_>>(), [true]);
        let keys = related_resources.secrets.iter().flat_map(|secret| secret.keys.iter().flatten());
        assert_eq!(keys.collect::<Vec<_>>(), ["cacert"]);
    }

    #[test]
    fn an_object_that_only_the_files_have_is_added() {
        let mut all = facts(&[service(80), pod("egress-1")]);
        all.lay_over(facts(&[pod("egress-2"), node(true), deployment(3), webhook("Fail"), secret("cacert")]));
        let ClusterFacts { snapshot, related_resources, .. } = &all;
        let behind = snapshot.gateways[0].pods.iter().map(|pod| pod.name.as_str());
        assert_eq!(behind.collect::<Vec<_>>(), ["egress-1", "egress-2"]);
        assert_eq!((snapshot.pods.len(), snapshot.nodes.len()), (2, 1));
        let around = (
            related_resources.workloads.len(),
            related_resources.webhooks.len(),
            related_resources.secrets.len(),
        );
        assert_eq!(around, (1, 1, 1));
    }

    #[test]
    fn a_gateway_that_the_files_bring_is_one() {
        let mut all = facts(&[pod("egress-1")]);
        assert!(all.snapshot.gateways.is_empty());
        all.lay_over(facts(&[service(80)]));
        assert_eq!(all.snapshot.gateways.len(), 1);
        assert_eq!(all.snapshot.gateways[0].pods.len(), 1);
    }

    #[test]
    fn what_the_files_give_is_not_missing_any_more() {
        let mut all = facts(&[]);
        all.gaps.insert(Input::Nodes, Gap::Unreadable("forbidden".to_owned()));
        all.lay_over(facts(&[pod("egress-1"), service(80)]));
        // Only some of many: the others are still unknown.
        assert_eq!(all.gaps.get(&Input::Nodes), Some(&Gap::Unreadable("forbidden".to_owned())));
    }
}

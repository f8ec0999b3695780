//! The same for the facts of a bundle, which can be edited like any other file.

use std::collections::BTreeMap;

use egress_core::related_resources::{Named, RelatedResources};
use egress_core::snapshot::{PodFacts, Snapshot};

use super::{Checked, keys, kind_of, label, labels, subdomain};
use crate::facts::ClusterFacts;

/// Examines all facts of a diagnosis.
pub(crate) fn of_facts(facts: &ClusterFacts) -> Checked {
    of_snapshot(&facts.snapshot)?;
    of_related_resources(&facts.related_resources)?;
    for pod in facts.proxies.keys() {
        full("proxies", &pod.namespace, &pod.name)?;
    }
    let asked = facts.demands.iter().flat_map(BTreeMap::keys).chain(facts.refusals.keys());
    asked.map(|(namespace, _)| namespace).try_for_each(|namespace| label("policies", namespace))?;
    facts.rights.keys().try_for_each(|namespace| label("rights", namespace))?;
    let others = facts.fleet.iter().flat_map(|cluster| cluster.egresses.values());
    others.map(|egress| &egress.namespace).try_for_each(|namespace| label("fleet", namespace))
}

fn of_snapshot(snapshot: &Snapshot) -> Checked {
    label("mesh.rootNamespace", &snapshot.mesh.root_namespace)?;
    for gateway in &snapshot.gateways {
        labels("gateways[].selector", texts(&gateway.selector))?;
        gateway.pods.iter().try_for_each(|pod| of_pod("gateways[].pods[]", pod))?;
    }
    for resource in &snapshot.resources {
        full("resources[].id", &resource.id.namespace, &resource.id.name)?;
        let all = resource.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        labels("resources[].labels", all)?;
        keys("resources[].annotations", resource.annotations.keys().map(String::as_str))?;
    }
    for service in &snapshot.services {
        label("services[].name", &service.name)?;
        label("services[].namespace", &service.namespace)?;
        labels("services[].labels", texts(&service.labels))?;
        labels("services[].selector", texts(&service.selector))?;
    }
    snapshot.pods.iter().try_for_each(|pod| of_pod("pods[]", pod))?;
    for node in &snapshot.nodes {
        subdomain("nodes[].name", &node.name)?;
        labels("nodes[].labels", texts(&node.labels))?;
    }
    for namespace in &snapshot.namespaces {
        label("namespaces[].name", &namespace.name)?;
        labels("namespaces[].labels", texts(&namespace.labels))?;
    }
    snapshot.istio_read_in.iter().flatten().try_for_each(|namespace| label("istioReadIn", namespace))
}

fn of_related_resources(around: &RelatedResources) -> Checked {
    around.authorization_policies.iter().try_for_each(of_named)?;
    around.peer_authentications.iter().try_for_each(of_named)?;
    around.network_policies.iter().try_for_each(of_named)?;
    around.budgets.iter().try_for_each(of_named)?;
    around.autoscalers.iter().try_for_each(of_named)?;
    for object in &around.gateway_api {
        kind_of("gatewayApi[].kind", &object.kind)?;
        of_named(&object.object)?;
    }
    for workload in &around.workloads {
        kind_of("workloads[].kind", &workload.kind)?;
        full("workloads[].name", &workload.namespace, &workload.name)?;
        labels("workloads[].labels", texts(&workload.labels))?;
    }
    around.secrets.iter().try_for_each(|secret| full("secrets[].name", &secret.namespace, &secret.name))?;
    for webhook in &around.webhooks {
        kind_of("webhooks[].kind", &webhook.kind)?;
        subdomain("webhooks[].configuration", &webhook.configuration)?;
        if let Some((namespace, name)) = &webhook.service {
            full("webhooks[].service", namespace, name)?;
        }
    }
    around.istiod.iter().try_for_each(|pod| of_pod("istiod[]", pod))?;
    around.sync.iter().flatten().try_for_each(|sync| full("sync[].pod", &sync.namespace, &sync.pod))
}

fn of_pod(field: &'static str, pod: &PodFacts) -> Checked {
    full(field, &pod.namespace, &pod.name)?;
    labels(field, texts(&pod.labels))?;
    keys(field, pod.annotations.keys().map(String::as_str))?;
    subdomain(field, pod.node.as_deref().unwrap_or_default())?;
    pod.owner.iter().try_for_each(|owner| {
        kind_of(field, &owner.kind)?;
        subdomain(field, &owner.name)
    })
}

fn of_named<S>(object: &Named<S>) -> Checked {
    full("surroundings[].name", &object.namespace, &object.name)?;
    labels("surroundings[].labels", texts(&object.labels))?;
    keys("surroundings[].annotations", object.annotations.keys().map(String::as_str))
}

fn full(field: &'static str, namespace: &str, name: &str) -> Checked {
    label(field, namespace)?;
    subdomain(field, name)
}

fn texts(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

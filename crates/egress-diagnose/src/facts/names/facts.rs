//! The same for the facts of a bundle, which can be edited like any other file.
//!
//! Every field is named, so that the compiler asks about a new one.

use std::collections::BTreeMap;

use egress_core::related_resources::{Named, RelatedResources};
use egress_core::snapshot::{PodFacts, Snapshot};

use super::{Checked, keys, kind_of, label, labels, role, subdomain};
use crate::facts::ClusterFacts;

/// Examines all facts of a diagnosis.
pub(crate) fn of_facts(facts: &ClusterFacts) -> Checked {
    let ClusterFacts { snapshot, related_resources, gaps: _, proxies, demands, refusals, rights, fleet } =
        facts;
    of_snapshot(snapshot)?;
    of_related_resources(related_resources)?;
    for pod in proxies.keys() {
        full("proxies", &pod.namespace, &pod.name)?;
    }
    let asked = demands.iter().flat_map(BTreeMap::keys).chain(refusals.keys());
    asked.map(|(namespace, _)| namespace).try_for_each(|namespace| label("policies", namespace))?;
    rights.keys().try_for_each(|namespace| label("rights", namespace))?;
    let others = fleet.iter().flat_map(|cluster| cluster.egresses.values());
    others.map(|egress| &egress.namespace).try_for_each(|namespace| label("fleet", namespace))
}

fn of_snapshot(snapshot: &Snapshot) -> Checked {
    let Snapshot {
        mesh,
        other_meshes,
        gateways,
        resources,
        services,
        pods,
        nodes,
        namespaces,
        istio_read_in,
        unreadable: _,
    } = snapshot;
    for mesh in std::iter::once(mesh).chain(other_meshes) {
        label("mesh.rootNamespace", &mesh.root_namespace)?;
        if let Some((namespace, name)) = &mesh.config_map {
            full("mesh.configMap", namespace, name)?;
        }
    }
    for gateway in gateways {
        labels("gateways[].selector", texts(&gateway.selector))?;
        gateway.pods.iter().try_for_each(|pod| of_pod("gateways[].pods[]", pod))?;
    }
    for resource in resources {
        full("resources[].id", &resource.id.namespace, &resource.id.name)?;
        let all = resource.labels.iter().map(|(key, value)| (&**key, value.as_str()));
        labels("resources[].labels", all)?;
        keys("resources[].annotations", resource.annotations.keys().map(AsRef::as_ref))?;
    }
    for service in services {
        label("services[].name", &service.name)?;
        label("services[].namespace", &service.namespace)?;
        labels("services[].labels", texts(&service.labels))?;
        labels("services[].selector", texts(&service.selector))?;
    }
    pods.iter().try_for_each(|pod| of_pod("pods[]", pod))?;
    for node in nodes {
        subdomain("nodes[].name", &node.name)?;
        labels("nodes[].labels", texts(&node.labels))?;
    }
    for namespace in namespaces {
        label("namespaces[].name", &namespace.name)?;
        labels("namespaces[].labels", texts(&namespace.labels))?;
    }
    istio_read_in.iter().flatten().try_for_each(|namespace| label("istioReadIn", namespace))
}

fn of_related_resources(around: &RelatedResources) -> Checked {
    let RelatedResources {
        authorization_policies,
        peer_authentications,
        gateway_api,
        envoy_filters,
        network_policies,
        endpoint_slices,
        workloads,
        budgets,
        autoscalers,
        workload_entries,
        secrets,
        access_roles,
        access_bindings,
        webhooks,
        istiod,
        sync,
        export: _,
    } = around;
    authorization_policies.iter().try_for_each(of_named)?;
    peer_authentications.iter().try_for_each(of_named)?;
    envoy_filters.iter().try_for_each(of_named)?;
    network_policies.iter().try_for_each(of_named)?;
    workload_entries.iter().try_for_each(of_named)?;
    budgets.iter().try_for_each(of_named)?;
    autoscalers.iter().try_for_each(of_named)?;
    for slice in endpoint_slices {
        kind_of("endpointSlices[].kind", &slice.spec.kind)?;
        of_named(slice)?;
    }
    for object in gateway_api {
        kind_of("gatewayApi[].kind", &object.kind)?;
        of_named(&object.object)?;
    }
    for workload in workloads {
        kind_of("workloads[].kind", &workload.kind)?;
        full("workloads[].name", &workload.namespace, &workload.name)?;
        labels("workloads[].labels", texts(&workload.labels))?;
    }
    secrets.iter().try_for_each(|secret| full("secrets[].name", &secret.namespace, &secret.name))?;
    access_roles.iter().try_for_each(of_role)?;
    access_bindings.iter().try_for_each(of_role)?;
    for binding in access_bindings {
        role("accessBindings[].role", &binding.spec.role)?;
        let subjects = binding.spec.subjects.iter();
        let accounts = subjects.filter(|subject| subject.kind == "ServiceAccount");
        accounts.clone().try_for_each(|account| subdomain("accessBindings[].subjects", &account.name))?;
    }
    for webhook in webhooks {
        kind_of("webhooks[].kind", &webhook.kind)?;
        subdomain("webhooks[].configuration", &webhook.configuration)?;
        subdomain("webhooks[].name", &webhook.name)?;
        if let Some((namespace, name)) = &webhook.service {
            full("webhooks[].service", namespace, name)?;
        }
    }
    istiod.iter().try_for_each(|pod| of_pod("istiod[]", pod))?;
    sync.iter().flatten().try_for_each(|sync| full("sync[].pod", &sync.namespace, &sync.pod))
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

/// An object whose name may have colons, as that of a role.
fn of_role<S>(object: &Named<S>) -> Checked {
    label("surroundings[].namespace", &object.namespace)?;
    role("surroundings[].name", &object.name)?;
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

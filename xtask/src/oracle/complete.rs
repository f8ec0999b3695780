//! Makes any list of objects a cluster that istiod can read: with namespaces, addresses, ages, callers and a gateway.
//!
//! Both sides of a comparison read the completed objects. Adds only what is missing, and changes nothing that an object says;
//! what neither side reads is left out. Knows no rule of Istio.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::workloads::{callers, gateway_pods, run_as_routers};
pub(super) use self::workloads::{make_caller, make_gateway_pod};
use super::ambient;
use super::cluster::{Identity, is, namespace, of_kind, word};
use addresses::give_addresses;

mod addresses;
mod gateway_api;
mod workloads;

/// When objects were created that do not say it: all at once, as by `kubectl apply`.
const CREATED: &str = "2026-05-01T00:00:00Z";
/// The group of documents that only this tool reads.
const OWN_GROUP: &str = "kubectl-egress.github.io";
/// What both sides read, by group: all kinds where none is named.
const READ: &[(&str, &[&str])] = &[
    ("", &["Namespace", "Service", "Pod", "Node", "ConfigMap", "Secret"]),
    ("apps", &["Deployment"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    (
        "networking.istio.io",
        &[
            "DestinationRule",
            "EnvoyFilter",
            "Gateway",
            "ServiceEntry",
            "Sidecar",
            "VirtualService",
            "WorkloadEntry",
        ],
    ),
    ("security.istio.io", &[]),
    ("gateway.networking.k8s.io", &[]),
];
/// Kinds without a namespace.
const OF_THE_CLUSTER: &[&str] = &["Namespace", "Node", "GatewayClass"];

/// The completed objects, in the order of their identities; of two with one name the later.
pub(super) fn complete(objects: Vec<Value>) -> Vec<Value> {
    let kept = objects.into_iter().filter(is_read).map(identified);
    let mut kept: BTreeMap<Identity, Value> = kept.map(|object| (Identity::of(&object), object)).collect();
    keep_one_mesh(&mut kept);
    let mut objects: Vec<Value> = kept.into_values().collect();
    objects.iter_mut().for_each(as_stored);
    objects.iter_mut().for_each(gateway_api::as_stored);
    let deployed = gateway_api::deployments(&objects);
    objects.extend(deployed.into_iter().map(identified));
    run_as_routers(&mut objects);
    let added: Vec<Value> = gateway_pods(&objects).into_iter().chain(callers(&objects)).collect();
    objects.extend(added.into_iter().map(identified));
    objects.extend(namespaces(&objects).into_iter().map(identified));
    give_addresses(&mut objects);
    ambient::redirect(&mut objects);
    objects
}

/// Documents of this tool's own group are facts about a cluster, and no objects of it.
fn is_read(object: &Value) -> bool {
    let Identity { group, kind, name, .. } = Identity::of(object);
    let is_known = |(known, kinds): &(&str, &[&str])| {
        *known == group && (kinds.is_empty() || kinds.contains(&kind.as_str()))
    };
    let is_mesh = kind != "ConfigMap" || !word(object, "/data/mesh").is_empty();
    group != OWN_GROUP && !name.is_empty() && is_mesh && READ.iter().any(is_known)
}

/// What an API server writes into a Service, and what the oracle cannot do: its store holds objects of every namespace,
/// whatever istiod is told to discover.
fn as_stored(object: &mut Value) {
    if is(object, "Service") {
        let ports = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
        let mut names = BTreeSet::new();
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            let Some(number) = port.get("port").cloned() else { continue };
            // Two ports of one name are refused.
            let name = port.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !names.insert(name.clone()) {
                port.insert("name".to_owned(), format!("{name}-{number}").into());
            }
            port.entry("targetPort").or_insert(number);
        }
    }
    if is(object, "ConfigMap")
        && let Ok(Value::Object(mut mesh)) = serde_yaml::from_str(word(object, "/data/mesh"))
        && mesh.shift_remove("discoverySelectors").is_some()
        && let Some(data) = fields(object, "data")
    {
        data.insert("mesh".to_owned(), Value::Object(mesh).to_string().into());
    }
}

/// With what every object in a cluster has: a namespace, a UID and an age.
pub(super) fn identified(mut object: Value) -> Value {
    let needs_namespace = !OF_THE_CLUSTER.contains(&word(&object, "/kind")) && namespace(&object).is_empty();
    let uid = uid(&Identity::of(&object));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if needs_namespace {
            metadata.insert("namespace".to_owned(), "default".into());
        }
        metadata.retain(|_, value| !value.is_null());
        metadata.entry("uid").or_insert_with(|| uid.into());
        metadata.entry("creationTimestamp").or_insert_with(|| CREATED.into());
    }
    object
}

/// Without what [`identified`] adds.
pub(super) fn unidentified(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("uid");
        if metadata.get("creationTimestamp").is_some_and(|created| created == CREATED) {
            metadata.shift_remove("creationTimestamp");
        }
    }
    object
}

fn uid(identity: &Identity) -> String {
    let Identity { kind, namespace, name, .. } = identity;
    format!("{kind}-{namespace}-{name}").to_lowercase()
}

/// A control plane has one mesh configuration; where there is none, what a mesh has that says nothing.
fn keep_one_mesh(objects: &mut BTreeMap<Identity, Value>) {
    let mut maps: Vec<Identity> =
        objects.keys().filter(|identity| identity.kind == "ConfigMap").cloned().collect();
    maps.sort_by_key(|map| (map.name != "istio", !map.name.starts_with("istio-")));
    for surplus in maps.iter().skip(1) {
        objects.remove(surplus);
    }
    if maps.is_empty() {
        let map = mesh_config_map(&json!({}));
        objects.insert(Identity::of(&map), map);
    }
}

/// A ConfigMap with this mesh configuration.
pub(super) fn mesh_config_map(mesh: &Value) -> Value {
    identified(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "istio", "namespace": "istio-system" },
        "data": { "mesh": mesh.to_string() },
    }))
}

/// The namespaces that objects are in and that are not there.
fn namespaces(objects: &[Value]) -> Vec<Value> {
    let there: BTreeSet<&str> =
        of_kind(objects, "Namespace").map(|object| word(object, "/metadata/name")).collect();
    let named: BTreeSet<&str> = objects.iter().map(namespace).filter(|name| !name.is_empty()).collect();
    named.difference(&there).map(|name| make_namespace(name)).collect()
}

/// A namespace as Kubernetes labels it.
pub(super) fn make_namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
    })
}

/// The fields of a map in an object, which is made where it is missing; none where there is something else.
fn fields<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    let value = object.as_object_mut()?.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// Whether a pod ran to its end: it has no address any more.
fn is_finished(object: &Value) -> bool {
    is(object, "Pod") && matches!(word(object, "/status/phase"), "Succeeded" | "Failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{cluster, sources};

    #[test]
    fn every_completed_fixture_has_callers_namespaces_and_addresses() {
        for cluster in sources::fixtures().unwrap() {
            let objects = complete(cluster.objects);
            let (facts, refused) = cluster::read(&objects);
            assert_eq!(refused, [], "{}", cluster.name);
            let pods = facts.snapshot.pods.iter().filter(|pod| !pod.finished);
            let addresses: Vec<&String> = pods.filter_map(|pod| pod.addresses.first()).collect();
            let distinct: BTreeSet<&&String> = addresses.iter().collect();
            assert_eq!(distinct.len(), addresses.len(), "{}", cluster.name);
            assert!(objects.iter().all(|object| !word(object, "/metadata/uid").is_empty()));
            assert_eq!(namespaces(&objects), Vec::<Value>::new());
        }
    }

    #[test]
    fn what_is_complete_is_left_as_it_is() {
        for cluster in sources::fixtures().unwrap() {
            let once = complete(cluster.objects);
            assert_eq!(complete(once.clone()).len(), once.len(), "{}", cluster.name);
        }
    }

    #[test]
    fn documents_that_are_no_objects_of_a_cluster_are_left_out() {
        let own = json!({ "apiVersion": "kubectl-egress.github.io/v1alpha1", "kind": "Read", "metadata": { "name": "x" } });
        let other = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "x" } });

        let objects = complete(vec![own, other]);

        let kinds: Vec<_> = objects.iter().map(|object| word(object, "/kind")).collect();
        assert_eq!(kinds, ["ConfigMap", "Namespace"]);
    }
}

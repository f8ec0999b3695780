//! WorkloadEntries: endpoints outside the cluster with the labels of pods, and entries that select them.
//!
//! Their choices are of their own source, so that all other objects of a cluster stay what they are without them.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::{
    cluster::{is, list, namespace, word},
    random::Random,
};

const ADDRESSES: &[&str] = &["192.0.2.40", "192.0.2.41", "198.51.100.9", "vm.example.org", "10.244.9.9"];

/// Adds some to some clusters.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    if !random.percent(15) {
        return;
    }
    let mut homes = Vec::new();
    for entry in objects.iter_mut().filter(|object| is(object, "ServiceEntry")) {
        if random.percent(50) {
            select(random, pools, entry);
            homes.push(namespace(entry).to_owned());
        }
    }
    let names: Vec<String> = objects
        .iter()
        .filter(|object| is(object, "ServiceEntry") || is(object, "Service"))
        .flat_map(|object| list(object, "/spec/ports"))
        .map(|port| word(port, "/name").to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    for _ in 0..random.between(1, 3) {
        let home = if random.percent(80) && !homes.is_empty() {
            random.text(&homes)
        } else {
            pools.namespace(random)
        };
        let mut spec = json!({ "address": random.word(ADDRESSES) });
        let labels = if random.percent(80) { pools.app(random) } else { pools.service(random).selector };
        let mut metadata = json!({ "name": pools.name("vm"), "namespace": home });
        if random.percent(70) {
            spec["labels"] = labels;
        } else {
            metadata["labels"] = labels;
        }
        if random.percent(40) && !names.is_empty() {
            spec["ports"] = json!({ random.text(&names): random.below(3) + 9080 });
        }
        if random.percent(30) {
            spec["serviceAccount"] = "vm".into();
        }
        objects.push(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "WorkloadEntry", "metadata": metadata, "spec": spec,
        }));
    }
}

/// Lets an entry select its endpoints. A wildcard has none.
fn select(random: &mut Random, pools: &Pools, entry: &mut Value) {
    let is_wildcard = list(entry, "/spec/hosts").iter().any(|host| host.to_string().contains('*'));
    if is_wildcard {
        return;
    }
    if let Some(spec) = entry.get_mut("spec").and_then(Value::as_object_mut) {
        spec.shift_remove("endpoints");
        spec.insert("resolution".to_owned(), random.word(&["STATIC", "STATIC", "DNS"]).into());
        spec.insert("workloadSelector".to_owned(), json!({ "labels": pools.app(random) }));
    }
}

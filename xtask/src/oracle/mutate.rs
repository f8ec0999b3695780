//! Clusters made from others: a few changes of the sort that people make by mistake, or nobody would expect.
//!
//! Knows which fields hold values of one sort, by their names. Does not know what a change means: that is what istiod is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    cluster::{ClusterObjects, Identity, is, is_of_istio, name, namespace, of_kind, word},
    complete::complete,
    grammar::{self, Pools},
    random::Random,
};
use leaf::Leaf;
pub(super) use leaf::fields;

mod leaf;

/// The most changes to one cluster.
const CHANGES: usize = 4;
/// When an object may have been created, other than the rest.
const AGES: &[&str] = &["2025-01-01T00:00:00Z", "2026-06-01T00:00:00Z"];

/// A changed copy of one of these clusters, which are complete; always the same one of the same seed and index.
pub(super) fn mutant(bases: &[ClusterObjects], seed: u64, index: u64) -> Option<ClusterObjects> {
    let mut random = Random::of(seed, index);
    let base = random.of_all(bases)?;
    let mut objects = base.objects.clone();
    let mut pools = Pools::of(&objects, &mut random);
    for _ in 0..random.between(1, CHANGES) {
        change(&mut random, &mut pools, &mut objects);
    }
    // Kubernetes writes them anew for what a Service says now.
    let selecting: BTreeSet<Identity> = of_kind(&objects, "Service")
        .filter(|service| service["spec"]["selector"].is_object())
        .map(Identity::of)
        .collect();
    objects.retain(|object| !is_slice_of(object, &selecting));
    let name = format!("{seed}-{index}-{}", base.name.replace('/', "-"));
    Some(ClusterObjects { source: "mutants".to_owned(), name, objects: complete(objects) })
}

/// Whether it is an EndpointSlice of one of these Services.
fn is_slice_of(object: &Value, services: &BTreeSet<Identity>) -> bool {
    let name = word(object, "/metadata/labels/kubernetes.io~1service-name");
    let is_it = |service: &Identity| service.namespace == namespace(object) && service.name == name;
    is(object, "EndpointSlice") && services.iter().any(is_it)
}

fn change(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    match random.below(24) {
        0 => delete_object(random, objects),
        1..=3 => delete_field(random, objects),
        4..=10 => copy_value(random, objects),
        11..=13 => set_word(random, objects),
        14 => move_object(random, pools, objects),
        15 => age(random, objects),
        16..=17 => duplicate(random, pools, objects),
        18 => target_port(random, objects),
        19 => second_service(random, objects),
        20 => objects.push(grammar::sidecars::make(random, pools)),
        21 => mesh(random, pools, objects),
        _ => objects.push(grammar::any(random, pools)),
    }
}

/// The place of one of the objects that say where calls go.
fn chosen(random: &mut Random, objects: &[Value]) -> Option<usize> {
    let places: Vec<usize> = (0..objects.len())
        .filter(|place| {
            objects.get(*place).is_some_and(|object| is_of_istio(object) || is(object, "Service"))
        })
        .collect();
    random.of_all(&places).copied()
}

fn delete_object(random: &mut Random, objects: &mut Vec<Value>) {
    if let Some(place) = chosen(random, objects) {
        objects.remove(place);
    }
}

fn delete_field(random: &mut Random, objects: &mut [Value]) {
    let Some(object) = chosen(random, objects).and_then(|place| objects.get_mut(place)) else { return };
    let paths = leaf::fields(object);
    let Some(path) = random.of_all(&paths) else { return };
    let Some((parent, last)) = path.rsplit_once('/') else { return };
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.shift_remove(last);
        }
        Some(Value::Array(items)) => {
            if let Some(place) = last.parse().ok().filter(|place| *place < items.len()) {
                items.remove(place);
            }
        }
        _ => {}
    }
}

/// One object names what another does: a host, a port, a subset, a namespace, a gateway.
fn copy_value(random: &mut Random, objects: &mut [Value]) {
    let leaves: Vec<Leaf> = leaf::leaves(objects);
    let Some(to) = random.of_all(&leaves) else { return };
    let alike: Vec<&Leaf> =
        leaves.iter().filter(|from| from.sort == to.sort && from.value != to.value).collect();
    let Some(from) = random.of_all(&alike) else { return };
    let is_swap = random.percent(30);
    for (leaf, value) in [(to, &from.value), (*from, &to.value)].into_iter().take(1 + usize::from(is_swap)) {
        leaf.set(objects, value);
    }
}

/// Another protocol, resolution or mode.
fn set_word(random: &mut Random, objects: &mut [Value]) {
    let leaves: Vec<Leaf> =
        leaf::leaves(objects).into_iter().filter(|leaf| !leaf.sort.words().is_empty()).collect();
    if let Some(leaf) = random.of_all(&leaves) {
        leaf.set(objects, &random.word(leaf.sort.words()).into());
    }
}

fn move_object(random: &mut Random, pools: &Pools, objects: &mut [Value]) {
    if let Some(object) = chosen(random, objects).and_then(|place| objects.get_mut(place)) {
        object["metadata"]["namespace"] = random.text(&pools.namespaces).into();
    }
}

fn age(random: &mut Random, objects: &mut [Value]) {
    if let Some(object) = chosen(random, objects).and_then(|place| objects.get_mut(place)) {
        object["metadata"]["creationTimestamp"] = random.word(AGES).into();
    }
}

/// The same object under another name, in another namespace, or of another age.
fn duplicate(random: &mut Random, pools: &Pools, objects: &mut Vec<Value>) {
    let Some(mut copy) = chosen(random, objects).and_then(|place| objects.get(place)).cloned() else {
        return;
    };
    if random.percent(50) {
        copy["metadata"]["namespace"] = random.text(&pools.namespaces).into();
    }
    copy["metadata"]["name"] = format!("{}{}", random.word(&["a-", "z-"]), name(&copy)).into();
    copy["metadata"]["creationTimestamp"] = random.word(AGES).into();
    if let Some(metadata) = copy.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("uid");
    }
    if let Some(spec) = copy.get_mut("spec").and_then(Value::as_object_mut) {
        // An address belongs to one Service.
        spec.shift_remove("clusterIP");
    }
    objects.push(copy);
}

/// One of the Services.
fn service<'a>(random: &mut Random, objects: &'a mut [Value]) -> Option<&'a mut Value> {
    let mut services: Vec<&mut Value> = objects.iter_mut().filter(|object| is(object, "Service")).collect();
    let place = random.below(services.len());
    (place < services.len()).then(|| services.swap_remove(place))
}

fn target_port(random: &mut Random, objects: &mut [Value]) {
    let Some(service) = service(random, objects) else { return };
    let Some(ports) = service.pointer_mut("/spec/ports").and_then(Value::as_array_mut) else { return };
    let place = random.below(ports.len());
    if let Some(port) = ports.get_mut(place) {
        port["targetPort"] = random.of_all(&[80_u16, 443, 8080, 8443, 15443]).copied().into();
    }
}

/// Another Service of the same pods, with other ports.
fn second_service(random: &mut Random, objects: &mut Vec<Value>) {
    let Some(first) = service(random, objects) else { return };
    let Some(selector) = first.pointer("/spec/selector").cloned() else { return };
    let (namespace, name) = (word(first, "/metadata/namespace").to_owned(), format!("{}-other", name(first)));
    objects.push(grammar::workloads::make_service(random, &namespace, &name, &selector).0);
}

fn mesh(random: &mut Random, pools: &Pools, objects: &mut [Value]) {
    let Some(map) = objects.iter_mut().find(|object| is(object, "ConfigMap")) else { return };
    let parsed = egress_core::yaml::parse(word(map, "/data/mesh")).map(|mesh| Value::from(&mesh));
    let mut mesh = parsed.ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
    grammar::mesh::change(random, pools, &mut mesh);
    map["data"]["mesh"] = mesh.to_string().into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{cluster, sources};

    fn bases() -> Vec<ClusterObjects> {
        let complete =
            |cluster: ClusterObjects| ClusterObjects { objects: complete(cluster.objects), ..cluster };
        sources::fixtures().unwrap().into_iter().map(complete).collect()
    }

    #[test]
    fn the_same_seed_and_index_make_the_same_mutant() {
        let bases = bases();
        let made = |index| mutant(&bases, 1, index).unwrap();

        assert_eq!(made(3).objects, made(3).objects);
        assert_ne!(made(3).objects, made(4).objects);
    }

    #[test]
    fn our_reader_reads_nearly_every_mutant() {
        let bases = bases();
        let mutants: Vec<ClusterObjects> = (0..100).filter_map(|index| mutant(&bases, 1, index)).collect();
        let refused: Vec<_> = mutants.iter().flat_map(|mutant| cluster::read(&mutant.objects).1).collect();
        // A field that an object needs may be gone, or a number where a text belongs.
        assert!(refused.len() < 30, "{refused:#?}");
    }

    #[test]
    fn a_mutant_differs_from_its_base() {
        let bases = bases();
        let same = (0..50).filter(|index| {
            let made = mutant(&bases, 1, *index).unwrap();
            bases.iter().any(|base| base.objects == made.objects)
        });
        assert!(same.count() < 8);
    }
}

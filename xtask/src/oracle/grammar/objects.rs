//! What objects of all kinds of Istio have in common: an envelope, an age, and to whom they are exported.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::random::Random;

/// When objects were created: few moments, so that some are of the same age.
const AGES: &[&str] = &["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];

/// An object of a networking kind of Istio, of some age.
pub(super) fn object(random: &mut Random, kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(to) = spec.get_mut("exportTo").and_then(Value::as_array_mut)
        && to.len() > 1
    {
        // Its own namespace is `.` already.
        to.retain(|to| to != namespace);
    }
    let mut created = random.word(AGES).to_owned();
    if kind == "ServiceEntry" {
        // istiod takes entries of one host and one age in any order, and not always in the same.
        let number = name.rsplit('-').next().unwrap_or_default();
        created = created.replace("00:00:00", &format!("00:00:{number:0>2}"));
    }
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": kind,
        "metadata": { "name": name, "namespace": namespace, "creationTimestamp": created },
        "spec": spec,
    })
}

/// Adds to whom an object is exported, where it says so.
pub(super) fn export(random: &mut Random, pools: &Pools, spec: &mut Value) {
    let gateway = pools.gateway_namespace(random);
    let to = match random.below(20) {
        0..=11 => return,
        12..=13 => json!(["."]),
        14..=15 => json!(["*"]),
        16..=17 => json!([".", gateway]),
        _ => json!([random.text(&pools.namespaces)]),
    };
    spec["exportTo"] = to;
}

//! The mesh configuration, as far as it says where calls go.

use serde_json::{Value, json};

use super::pools::Pools;
use crate::oracle::random::Random;

/// A mesh configuration.
pub(in crate::oracle) fn make(random: &mut Random, pools: &Pools) -> Value {
    let mut mesh = json!({});
    for _ in 0..random.between(1, 2) {
        change(random, pools, &mut mesh);
    }
    mesh
}

/// Sets one field.
pub(in crate::oracle) fn change(random: &mut Random, pools: &Pools, mesh: &mut Value) {
    let to = |random: &mut Random| match random.below(3) {
        0 => json!(["."]),
        1 => json!(["*"]),
        _ => json!([random.text(&pools.namespaces)]),
    };
    match random.below(14) {
        0..=6 => mesh["outboundTrafficPolicy"] = json!({ "mode": "REGISTRY_ONLY" }),
        7..=8 => mesh["outboundTrafficPolicy"] = json!({ "mode": "ALLOW_ANY" }),
        9 => mesh["defaultServiceExportTo"] = to(random),
        10 => mesh["defaultVirtualServiceExportTo"] = to(random),
        11 => mesh["defaultDestinationRuleExportTo"] = to(random),
        12 => mesh["rootNamespace"] = random.text(&pools.namespaces).into(),
        _ => mesh["enableAutoMtls"] = false.into(),
    }
}

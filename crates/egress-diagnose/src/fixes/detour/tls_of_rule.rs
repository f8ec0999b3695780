//! Where a DestinationRule says which TLS a proxy opens: for one port before all ports, in the subset before the rule itself.

use egress_core::resource::Resource;
use serde_json::{Value, json};

/// The first field with TLS settings that are meant, as findings name it. `is_meant` gets the settings of a port, which name it
/// in `port.number`, or those of all ports.
pub(super) fn tls_field(rule: &Resource, subset: &str, is_meant: impl Fn(&Value) -> bool) -> Option<String> {
    let spec = json!(rule.destination_rule()?);
    let subsets = spec.get("subsets").and_then(Value::as_array);
    let place = subsets.and_then(|all| all.iter().position(|one| one["name"] == subset));
    let of_subset = place.and_then(|place| {
        let policy = spec.pointer(&format!("/subsets/{place}/trafficPolicy"))?;
        Some(format!("spec.subsets[{place}].trafficPolicy.{}", in_policy(policy, &is_meant)?))
    });
    of_subset
        .or_else(|| Some(format!("spec.trafficPolicy.{}", in_policy(spec.get("trafficPolicy")?, &is_meant)?)))
}

fn in_policy(policy: &Value, is_meant: &impl Fn(&Value) -> bool) -> Option<String> {
    let mut ports = policy.get("portLevelSettings").and_then(Value::as_array).into_iter().flatten();
    match ports.position(is_meant) {
        Some(place) => Some(format!("portLevelSettings[{place}].tls")),
        None => is_meant(policy).then(|| "tls".to_owned()),
    }
}

//! Calls that a gateway takes for another host, because the sidecar says that host's name when it opens mesh mTLS.

use egress_core::istio::call::{End, Passage, Refusal};
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use serde_json::{Value, json};

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// The field with the name, what is said of it, and its correction. None where the name is that of the host, or the call ends
/// elsewhere.
pub(super) fn other_name(
    view: &View<'_>,
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<(Place, String, Fix)> {
    let is_refused =
        matches!(passage.end, End::Refused(Refusal::NoRoute | Refusal::NoFilterChain | Refusal::NoListener));
    let [hop] = passage.hops.as_slice() else { return None };
    let said = hop.tls.as_ref().filter(|tls| tls.is_mesh)?.server_name.as_deref()?;
    if !is_refused || said == call.host || said.starts_with("outbound_") {
        return None;
    }
    let (namespace, name) = hop.rule.as_deref()?.split_once('/')?;
    let id = ObjectId { kind: Kind::DestinationRule, namespace: namespace.to_owned(), name: name.to_owned() };
    let rule = view.find(&id)?;
    let subset = hop.cluster.split('|').nth(2).unwrap_or_default();
    let path = path_of(rule, subset, said)?;
    let field = path.trim_start_matches('/').split('/').fold(String::new(), |field, part| {
        match part.parse::<usize>() {
            Ok(place) => format!("{field}[{place}]"),
            Err(_) if field.is_empty() => part.to_owned(),
            Err(_) => format!("{field}.{part}"),
        }
    });
    let told = format!("sidecars open mesh mTLS with SNI {said}, by which the gateway chooses the server");
    let operation = json!({ "op": "replace", "path": path, "value": call.host });
    let fix = fixes::patch(&rule.id, &operation, "says the name of the called host");
    Some((Place::of(&rule.id).field(field, said), told, fix))
}

/// Where a DestinationRule has a server name: in the subset, else for all.
fn path_of(rule: &Resource, subset: &str, said: &str) -> Option<String> {
    let spec = json!(rule.destination_rule()?);
    let subsets = spec.get("subsets").and_then(Value::as_array);
    let place = subsets.and_then(|all| all.iter().position(|one| one["name"] == subset));
    let of_subset = place.and_then(|place| {
        let policy = spec.pointer(&format!("/subsets/{place}/trafficPolicy"))?;
        found_in(policy, said).map(|path| format!("/spec/subsets/{place}/trafficPolicy{path}"))
    });
    of_subset.or_else(|| {
        found_in(spec.get("trafficPolicy")?, said).map(|path| format!("/spec/trafficPolicy{path}"))
    })
}

fn found_in(policy: &Value, said: &str) -> Option<String> {
    let ports = policy.get("portLevelSettings").and_then(Value::as_array).into_iter().flatten();
    let of_port = ports.enumerate().find(|(_, one)| one["tls"]["sni"] == said);
    let of_port = of_port.map(|(place, _)| format!("/portLevelSettings/{place}/tls/sni"));
    of_port.or_else(|| (policy["tls"]["sni"] == said).then(|| "/tls/sni".to_owned()))
}

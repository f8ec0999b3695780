//! Calls that a gateway takes for another host, because the sidecar says that host's name when it opens mesh mTLS.

use egress_core::istio::call::{End, Passage, Refusal};
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use serde_json::json;

use super::tls_of_rule::tls_field;
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
    let field = format!("{}.sni", tls_field(rule, subset, |settings| settings["tls"]["sni"] == said)?);
    let told = format!("sidecars open mesh mTLS with SNI {said}, by which the gateway chooses the server");
    let operation = json!({ "op": "replace", "path": fixes::pointer(&field), "value": call.host });
    let fix = fixes::patch(&rule.id, &operation, "says the name of the called host");
    Some((Place::of(&rule.id).field(field, said), told, fix))
}

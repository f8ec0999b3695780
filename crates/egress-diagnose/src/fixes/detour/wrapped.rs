//! Calls that leave a gateway in the mesh mTLS which a sidecar has opened, because the gateway passes TLS on.

use egress_core::istio::call::Passage;
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use serde_json::json;

use super::tls_of_rule::tls_field;
use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::wraps;
use crate::view::View;

/// The field that makes the sidecar open mesh mTLS, what is said of it, and its change. None where no object says it.
pub(super) fn of_sidecar(view: &View<'_>, passage: &Passage) -> Option<(Place, String, Fix)> {
    let hop = wraps(passage)?;
    let (namespace, name) = hop.rule.as_deref()?.split_once('/')?;
    let id = ObjectId { kind: Kind::DestinationRule, namespace: namespace.to_owned(), name: name.to_owned() };
    let rule = view.find(&id)?;
    let mut cluster = hop.cluster.split('|').skip(1);
    let (port, subset): (u64, &str) = (cluster.next()?.parse().ok()?, cluster.next()?);
    let field = tls_field(rule, subset, |settings| {
        let number = settings["port"]["number"].as_u64();
        settings["tls"]["mode"] == "ISTIO_MUTUAL" && number.is_none_or(|number| number == port)
    })?;
    let told = "the gateway's server passes TLS on, and does not end the mesh mTLS of the sidecar".to_owned();
    let why = "lets sidecars send the application's own TLS";
    let fix = fixes::set(&rule.id, &field, &json!({ "mode": "DISABLE" }), why);
    Some((Place::of(&rule.id).field(format!("{field}.mode"), "ISTIO_MUTUAL"), told, fix))
}

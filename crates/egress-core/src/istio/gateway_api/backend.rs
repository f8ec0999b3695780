//! Where the rules of a route lead.
//!
//! Follows `buildDestination` in `conversion.go`.

use serde_json::{Value, json};

use super::facts::ApiFacts;
use super::value::{number, text};

/// A reference that makes istiod leave out all rules of its route.
#[derive(Debug)]
pub(super) struct Unusable;

/// For whom rules are made.
#[derive(Clone, Copy)]
pub(super) struct RuleOwner<'a> {
    pub(super) facts: &'a ApiFacts<'a>,
    /// The kind of the route.
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    /// Whether they are for sidecars: those need no ReferenceGrant.
    pub(super) is_mesh: bool,
}

/// The backends with a weight, each with what is written beside it.
pub(super) fn weighted(backends: &[Value]) -> Vec<(&Value, i64)> {
    let weight = |backend: &Value| number(backend, "weight").unwrap_or(1);
    backends.iter().map(|it| (it, weight(it))).filter(|(_, weight)| *weight != 0).collect()
}

/// The destination of a backend; an empty host where it may not be used.
///
/// # Errors
/// A reference that no API server would store, or that cannot be understood.
pub(super) fn destination(owner: RuleOwner<'_>, backend: &Value) -> Result<Value, Unusable> {
    let RuleOwner { facts, kind, namespace, is_mesh } = owner;
    let (group, to_kind) =
        (text(backend, "group").unwrap_or_default(), text(backend, "kind").unwrap_or("Service"));
    let name = text(backend, "name").unwrap_or_default();
    let named = text(backend, "namespace");
    let target = named.unwrap_or(namespace);
    let nowhere = || Ok(json!({ "host": "" }));
    if !is_mesh && target != namespace {
        // A ReferenceGrant names no other kind that leads anywhere.
        let is_granted = group.is_empty() && facts.is_granted((kind, namespace), (to_kind, target, name));
        if !is_granted {
            return nowhere();
        }
    }
    let host = match (group, to_kind) {
        ("", "Service") if name.contains('.') => return Err(Unusable),
        ("", "Service") | ("multicluster.x-k8s.io", "ServiceImport") => facts.service_host(target, name),
        ("networking.istio.io", "Hostname") if named.is_some() => return Err(Unusable),
        ("networking.istio.io", "Hostname") => name.to_owned(),
        _ => return nowhere(),
    };
    let port = number(backend, "port").ok_or(Unusable)?;
    Ok(json!({ "host": host, "port": { "number": port } }))
}

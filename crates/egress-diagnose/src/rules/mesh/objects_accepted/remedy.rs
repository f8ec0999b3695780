//! The change of an object that istiod refuses, where the refused field has one evident value.
//!
//! Whether a change helps is asked of the validation itself. Does not know why a field is refused: ports, destinations and
//! certificates that could be meant are left to a person.

use egress_core::istio::validation::{Rejection, rejections};
use egress_core::resource::Resource;
use serde_json::{Value, json};

use crate::did_you_mean::did_you_mean;
use crate::finding::{Alteration, Fix, ObjectChange};
use crate::fixes;

/// So many fields of an object are changed at most.
const MOST: usize = 10;

/// The change after which istiod takes the object; none where a field is left to a person. `version` is that of its API.
pub(super) fn of(object: &Resource, version: &str) -> Option<Fix> {
    let id = &object.id;
    let change = |operations: &[Value]| {
        let (kind, how) = (id.kind.qualified(), Alteration::JsonPatch(json!(operations)));
        ObjectChange::new((&kind, &id.name, &id.namespace), how)
    };
    let written = object.to_json(version).ok()?;
    let mut operations: Vec<Value> = Vec::new();
    let mut now = written.clone();
    let mut left = rejections(object);
    for _ in 0..MOST {
        let Some(first) = left.first() else { break };
        let found = candidates(&now, first).into_iter().find_map(|tried| {
            let all: Vec<Value> = operations.iter().cloned().chain(tried).collect();
            let after = change(&all).apply(Some(written.clone())).ok()??;
            let others = rejections(&Resource::from_json(&after).ok()?);
            let is_better = others.iter().all(|other| left.contains(other) && other != first);
            is_better.then_some((all, after, others))
        });
        (operations, now, left) = found?;
    }
    let why = "gives the refused fields values that istiod takes";
    left.is_empty().then(|| Fix::of(vec![change(&operations)], why))
}

/// What may be meant, each as the operations of a patch, the likeliest first.
fn candidates(object: &Value, refused: &Rejection) -> Vec<Vec<Value>> {
    let field = refused.field.as_str();
    let path = fixes::pointer(field);
    let add = |path: &str, value: Value| vec![json!({ "op": "add", "path": path, "value": value })];
    let replace = |value: Value| vec![json!({ "op": "replace", "path": path, "value": value })];
    let remove = || vec![json!({ "op": "remove", "path": path })];
    let is_there = object.pointer(&path).is_some();
    let resolution = |word: &str| add("/spec/resolution", json!(word));
    let (parent, last) = field.rsplit_once('.').unwrap_or(("", field));
    match last {
        "name" if parent.ends_with("port") || parent.starts_with("spec.ports[") => {
            port_name(object, &fixes::pointer(parent))
                .map(|name| add(&path, json!(name)))
                .into_iter()
                .collect()
        }
        "targetPort" | "credentialName" | "credentialNames" | "serverCertificate" | "privateKey"
        | "caCertificates" | "clientCertificate" | "tlsCertificates" | "caCrl"
            if is_there =>
        {
            vec![remove()]
        }
        "address" if parent.starts_with("spec.endpoints[") => vec![resolution("DNS"), resolution("STATIC")],
        "endpoints" => vec![resolution("STATIC"), resolution("DNS")],
        _ if field.starts_with("spec.hosts[") && refused.value.starts_with('*') => vec![resolution("NONE")],
        _ if last.starts_with("sniHosts[") => server_names(object, &refused.value)
            .into_iter()
            .map(|name| replace(json!(name)))
            .chain([add("/spec/hosts/-", json!(refused.value))])
            .collect(),
        _ if field.starts_with("spec.exportTo[") => vec![remove(), add("/spec/exportTo", json!(["*"]))],
        _ if field.starts_with("metadata.annotations[") => {
            let key = field.trim_start_matches("metadata.annotations[").trim_end_matches(']');
            let path = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
            vec![vec![json!({ "op": "remove", "path": path })]]
        }
        _ => Vec::new(),
    }
}

/// A name for a port that no other has: `tcp-5432`.
fn port_name(object: &Value, place: &str) -> Option<String> {
    let port = object.pointer(place)?;
    let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("tcp").to_ascii_lowercase();
    let number = port.get("number").and_then(Value::as_i64)?;
    let ports = |pointer: &str, below: &'static str| {
        let all = object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(move |one| one.pointer(below)?.as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let known = [ports("/spec/ports", "/name"), ports("/spec/servers", "/port/name")].concat();
    let first = format!("{protocol}-{number}");
    let others = (2..=i64::try_from(known.len()).ok()? + 2).map(|more| format!("{first}-{more}"));
    std::iter::once(first.clone()).chain(others).find(|name| !known.contains(name))
}

/// The host of a VirtualService that a server name means: one that is written almost like it.
fn server_names(object: &Value, said: &str) -> Option<String> {
    let hosts = object.pointer("/spec/hosts").and_then(Value::as_array)?;
    did_you_mean(said, hosts.iter().filter_map(Value::as_str)).map(str::to_owned)
}

//! The documented layout against the page it is named after: Istio's task "Egress Gateways", HTTP traffic.
//!
//! The page's objects are a file, so that a change of the layout cannot change what it is held to.

use serde_json::{Map, Value, json};

use super::case;

/// The four objects of the page.
const PAGE: &str = include_str!("../../../../tests/generate/page.yaml");

/// What the gateway's rule removes.
const INSIDE_HEADERS: [&str; 9] = [
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-envoy-decorator-operation",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-peer-metadata",
    "x-envoy-peer-metadata-id",
];

/// Field by field, but for metadata, for the names of Gateway and subset, for `exportTo`, which the page leaves open, and for
/// the fields that keep routes of other namespaces out and the inside of the mesh in.
pub(crate) fn is_what_the_documented_layout_writes() -> Result<(), String> {
    let written = case::objects("edition.cnn.com:80 -n default --layout documented --hop plain")?;
    let written = specs(&written, &[("edition-cnn-com", "NAME")])?;
    let mut page = specs(PAGE, &[("istio-egressgateway", "NAME"), ("cnn", "NAME")])?;
    for (_, spec) in &mut page {
        closed_to_other_namespaces(spec);
    }
    if written == page { Ok(()) } else { Err(format!("written: {written:#?}\non the page: {page:#?}")) }
}

/// Kinds and specs, with the names of Gateway and subset made equal.
fn specs(yaml: &str, names: &[(&str, &str)]) -> Result<Vec<(String, Value)>, String> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(yaml) {
        let mut object: Map<String, Value> =
            serde::Deserialize::deserialize(document).map_err(|error| error.to_string())?;
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut spec = object.remove("spec").ok_or("an object without spec")?;
        rename(&mut spec, names);
        spec.as_object_mut().and_then(|spec| spec.remove("exportTo"));
        found.push((kind, spec));
    }
    Ok(found)
}

/// What the page lacks: the Gateway's host is for its own namespace, and the gateway's rule matches on the authority and
/// removes what tells about the inside of the mesh.
fn closed_to_other_namespaces(spec: &mut Value) {
    if let Some(host) = spec.pointer_mut("/servers/0/hosts/0") {
        *host = json!("./edition.cnn.com");
    }
    if let Some(rule) = spec.pointer_mut("/http/1").and_then(Value::as_object_mut) {
        rule.insert("headers".to_owned(), json!({ "request": { "remove": INSIDE_HEADERS } }));
    }
    if let Some(matched) = spec.pointer_mut("/http/1/match/0").and_then(Value::as_object_mut) {
        matched.insert("authority".to_owned(), json!({ "regex": ".*" }));
    }
}

/// Replaces whole values only: a host such as `istio-egressgateway.istio-system…` stays.
fn rename(value: &mut Value, names: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            if let Some((_, name)) = names.iter().find(|(found, _)| found == text) {
                (*name).clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, names)),
        _ => {}
    }
}

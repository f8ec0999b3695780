//! What could be a secret is taken out of facts before anybody keeps them.
//!
//! Most secrets never become facts: what Secrets hold, tokens, keys and the environment of pods are not read. What is left
//! is text that people put where it does not belong. Knows the fields where that happens, by name.

use serde_json::{Map, Value};

/// What stands in the place of a text that may be a secret.
const REDACTED: &str = "(redacted)";
/// Annotations that are kept: those of this tool, and those of Istio.
const ANNOTATIONS: [&str; 2] = ["kubectl-egress.github.io/", "istio.io/"];
/// Those of Istio that hold a configuration of the proxy, with its environment.
const CONFIGURATION: &str = "proxy.istio.io/";
/// Fields of a patch that name things; every other text of a patch may be anything.
const NAMES: [&str; 6] = ["@type", "name", "cluster", "cluster_name", "stat_prefix", "type_url"];

/// Redacts a value, at any depth.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => {
            condition(fields);
            for (name, value) in fields.iter_mut() {
                field(name, value);
            }
        }
        _ => {}
    }
}

fn field(name: &str, value: &mut Value) {
    match (name, &mut *value) {
        ("annotations", Value::Object(annotations)) => {
            let kept = |key: &str| ANNOTATIONS.iter().any(|kept| key.contains(kept));
            annotations.retain(|key, _| kept(key) && !key.starts_with(CONFIGURATION));
        }
        ("proxyMetadata", Value::Object(variables)) => {
            let kept = |key: &str| key.starts_with("ISTIO_META_");
            variables.iter_mut().filter(|(key, _)| !kept(key)).for_each(|(_, value)| all(value));
        }
        ("forwardProxies", Value::Object(variables)) => variables.values_mut().for_each(without_user),
        ("headers" | "withoutHeaders", headers) => header(headers),
        ("patch", patch) => unnamed(patch),
        (_, value) => redact(value),
    }
}

/// Headers that are matched or set: their names are kept, and those that are removed.
fn header(value: &mut Value) {
    let Value::Object(fields) = value else { return all(value) };
    for (name, value) in fields.iter_mut().filter(|(name, _)| *name != "remove") {
        if name == "request" || name == "response" { header(value) } else { all(value) }
    }
}

/// What an `AuthorizationPolicy` compares a header or a claim of a token with.
fn condition(fields: &mut Map<String, Value>) {
    let key = fields.get("key").and_then(Value::as_str).unwrap_or_default();
    if key.starts_with("request.") {
        for name in ["values", "notValues"] {
            if let Some(values) = fields.get_mut(name) {
                all(values);
            }
        }
    }
}

/// `http://user:password@proxy:3128` without the first part.
fn without_user(value: &mut Value) {
    let Value::String(text) = value else { return };
    if let Some((before, host)) = text.rsplit_once('@') {
        let scheme = before.split_once("://").map(|(scheme, _)| format!("{scheme}://"));
        *text = format!("{}{host}", scheme.unwrap_or_default());
    }
}

/// Every text but names.
fn unnamed(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let others = fields.iter_mut().filter(|(name, _)| !NAMES.contains(&name.as_str()));
            others.for_each(|(name, value)| {
                if name != "operation" {
                    unnamed(value);
                }
            });
        }
        Value::Array(items) => items.iter_mut().for_each(unnamed),
        other => all(other),
    }
}

/// Every text.
fn all(value: &mut Value) {
    match value {
        Value::String(text) => REDACTED.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(all),
        Value::Object(fields) => fields.values_mut().for_each(all),
        _ => {}
    }
}

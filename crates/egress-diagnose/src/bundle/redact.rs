//! What could be a secret is taken out of facts before anybody keeps them.
//!
//! Most secrets never become facts: what Secrets hold, tokens, keys and the environment of pods are not read. What is left
//! is text that people put where it does not belong. Knows the fields where that happens, by name, and what a diagnosis
//! reads of them: a header's name and not its value, where two paths are equal and not what they are.

use egress_core::kubernetes_name::is_label_value;
use egress_core::objects::proxy_address;
use egress_core::redacted::Marks;
use serde_json::{Map, Value};

mod metadata;

use metadata::{annotations, is_kept_label};

/// Fields with contents of requests or responses, or with Envoy configuration: no check reads texts in them.
const WHOLE: [&str; 8] = [
    "queryParams",
    "body",
    "uriRegexRewrite",
    "corsPolicy",
    "patch",
    "requestPrincipals",
    "notRequestPrincipals",
    "unschedulable",
];
/// Fields that hold a path.
const PATHS: [&str; 5] = ["uri", "path", "paths", "notPaths", "prefixRewrite"];
/// Headers that hold the name of the host, which is no secret.
const HOST_HEADERS: [&str; 2] = [":authority", "host"];
/// The attributes of an `AuthorizationPolicy` that are names or addresses: all others are contents of requests.
const CONDITIONS: [&str; 4] = ["source.", "destination.", "connection.", "remote."];
/// Keys of Secrets that Istio looks for. The others are names that people chose.
const SECRET_KEYS: [&str; 6] = ["tls.crt", "tls.key", "ca.crt", "cert", "key", "cacert"];

/// Redacts the texts of one bundle.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    marks: Marks,
    /// Within the facts of a gateway.
    in_gateway: bool,
}

impl Redactor {
    /// Redacts a value, at any depth.
    pub(super) fn redact(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            Value::Object(fields) => {
                self.condition(fields);
                self.object(fields);
                for (name, value) in fields.iter_mut() {
                    self.field(name, value);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &mut Value) {
        match (name, &mut *value) {
            ("annotations", Value::Object(all)) => annotations(all, &mut self.marks),
            ("proxyMetadata", Value::Object(variables)) => {
                for value in variables.values_mut().filter(|value| *value != "true" && *value != "false") {
                    self.all(value);
                }
            }
            // Facts of this version hold no more; those of a bundle may.
            ("forwardProxies", Value::Object(variables)) => {
                variables
                    .values_mut()
                    .for_each(|value| *value = proxy_address(value.as_str().unwrap_or_default()).into());
            }
            ("headers" | "withoutHeaders", headers) => self.headers(headers),
            ("requestHeaderModifier" | "responseHeaderModifier", changes) => self.modifier(changes),
            ("redirect" | "requestRedirect", Value::Object(fields)) => {
                for (name, value) in fields.iter_mut() {
                    if PATHS.contains(&name.as_str()) { self.path(value) } else { self.all(value) }
                }
            }
            // Findings quote the scheduler's message for gateway pods; no check reads it for others.
            ("gateways", gateways) => {
                let outside = std::mem::replace(&mut self.in_gateway, true);
                self.redact(gateways);
                self.in_gateway = outside;
            }
            ("unschedulable", _) if self.in_gateway => {}
            // The names of rules, which people choose.
            ("http", Value::Array(rules)) => {
                for rule in rules {
                    if let Some(name) = rule.get_mut("name") {
                        self.all(name);
                    }
                    self.redact(rule);
                }
            }
            (name, value) if WHOLE.contains(&name) => self.all(value),
            (name, value) if PATHS.contains(&name) => self.path(value),
            (_, value) => self.redact(value),
        }
    }

    /// Of what is known by its form rather than by the name of its field.
    fn object(&mut self, fields: &mut Map<String, Value>) {
        // An object of Istio, or another one beside it, which nothing selects by its labels.
        if (fields.contains_key("spec") || fields.contains_key("live"))
            && let Some(Value::Object(labels)) = fields.get_mut("labels")
        {
            labels.retain(|key, _| is_kept_label(key));
        }
        if fields.contains_key("kind")
            && let Some(Value::Array(keys)) = fields.get_mut("keys")
        {
            keys.retain(|key| key.as_str().is_some_and(|key| SECRET_KEYS.contains(&key)));
        }
        if let Some(Value::String(image)) = fields.get_mut("image") {
            let plain = |part: &str| part.split([':', '/']).all(is_label_value);
            let (named, digest) = image.split_once('@').unwrap_or((image.as_str(), ""));
            if !plain(named) || !(digest.is_empty() || digest.starts_with("sha256:")) {
                *image = self.marks.of(image);
            }
        }
    }

    /// Headers that are matched or set: their names are kept, and those that are removed.
    fn headers(&mut self, value: &mut Value) {
        let Value::Object(fields) = value else { return self.matchers(value) };
        for (name, value) in fields.iter_mut() {
            match name.as_str() {
                "remove" => {}
                "request" | "response" => self.headers(value),
                name if HOST_HEADERS.contains(&name) => {}
                _ => self.all(value),
            }
        }
    }

    /// Matchers of the Kubernetes Gateway API: a list of names and values.
    fn matchers(&mut self, value: &mut Value) {
        for matcher in value.as_array_mut().into_iter().flatten() {
            if let Some(value) = matcher.get_mut("value") {
                self.all(value);
            }
        }
    }

    fn modifier(&mut self, value: &mut Value) {
        for change in ["set", "add"] {
            if let Some(headers) = value.get_mut(change) {
                self.matchers(headers);
            }
        }
    }

    /// What an `AuthorizationPolicy` compares a header, a claim of a token or anything else of a request with.
    fn condition(&mut self, fields: &mut Map<String, Value>) {
        let Some(key) = fields.get("key").and_then(Value::as_str) else { return };
        // A requirement on labels has the same form, and an operator.
        if CONDITIONS.iter().any(|known| key.starts_with(known)) || fields.contains_key("operator") {
            return;
        }
        for name in ["values", "notValues"] {
            if let Some(values) = fields.get_mut(name) {
                self.all(values);
            }
        }
    }

    /// A path, part by part: what begins with another still does.
    fn path(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let parts: Vec<String> = text.split('/').map(|part| self.mark(part)).collect();
                *text = parts.join("/");
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.path(item)),
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut().filter(|(name, _)| *name != "type") {
                    // A part of an expression may mean anything.
                    if name == "regex" { self.all(value) } else { self.path(value) }
                }
            }
            _ => {}
        }
    }

    /// Every text.
    fn all(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.mark(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.all(item)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.all(value)),
            _ => {}
        }
    }

    /// Patterns without letters and digits, such as `/.*`, contain no secret, and are kept.
    fn mark(&mut self, text: &str) -> String {
        if text.chars().any(char::is_alphanumeric) { self.marks.of(text) } else { text.to_owned() }
    }
}

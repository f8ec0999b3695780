//! One parent of a Gateway API route: what it names, what controllers say of it, and how to change it.
//!
//! Does not know whether the parent exists.

use egress_core::related_resources::GatewayApiObject;
use egress_core::resource::{Resource, conditions};
use serde_json::{Value, json};

use super::CHECK;
use crate::finding::{Alteration, Confidence, Finding, Fix, Place};
use crate::fixes;

/// The group of ServiceEntries and of `Hostname`.
pub(super) const ISTIO: &str = "networking.istio.io";
/// The group of routes and Gateways.
pub(super) const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// One parent of a route.
pub(super) struct Parent<'a> {
    pub(super) route: &'a GatewayApiObject,
    place: usize,
    pub(super) value: &'a Value,
}

impl<'a> Parent<'a> {
    pub(super) fn all(route: &'a GatewayApiObject) -> impl Iterator<Item = Parent<'a>> {
        let parents = route.object.spec.get("parentRefs").and_then(Value::as_array).into_iter().flatten();
        parents.enumerate().map(move |(place, value)| Parent { route, place, value })
    }

    /// Whether the route leads a host of a ServiceEntry: by its parent, or by a `Hostname` behind it.
    pub(super) fn is_of_egress(&self, entries: &[&Resource]) -> bool {
        let hostname = |backend: &Value| backend["kind"] == "Hostname" && backend["group"] == ISTIO;
        let rules = self.route.object.spec.get("rules").and_then(Value::as_array).into_iter().flatten();
        let backends = rules.filter_map(|rule| rule.get("backendRefs")?.as_array()).flatten();
        let mut backends = backends.filter(|backend| hostname(backend));
        self.kind() == "ServiceEntry"
            || (self.kind() == "Hostname" && self.entry_of_host(entries).is_some())
            || backends.next().is_some()
    }

    pub(super) fn entry_of_host<'b>(&self, entries: &[&'b Resource]) -> Option<&'b Resource> {
        let has = |entry: &&&Resource| {
            entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|host| host == self.name()))
        };
        entries.iter().find(has).copied()
    }

    pub(super) fn word(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    pub(super) fn group(&self) -> &'a str {
        self.word("group").unwrap_or(GATEWAY_API)
    }

    pub(super) fn kind(&self) -> &'a str {
        self.word("kind").unwrap_or("Gateway")
    }

    pub(super) fn name(&self) -> &'a str {
        self.word("name").unwrap_or_default()
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.word("namespace").unwrap_or(&self.route.object.namespace)
    }

    /// `HTTPRoute sales/crm`.
    pub(super) fn label(&self) -> String {
        format!("{} {}/{}", self.route.kind, self.route.object.namespace, self.route.object.name)
    }

    /// What controllers say of this parent.
    pub(super) fn status(&self) -> Option<&'a Value> {
        let parents = self.route.status.get("parents").and_then(Value::as_array)?;
        let is = |said: &&Value| {
            let key = |key: &str| said.pointer(&format!("/parentRef/{key}"));
            key("name") == self.value.get("name") && key("kind").is_none_or(|kind| *kind == *self.kind())
        };
        parents.iter().find(is)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.status().is_some_and(|status| {
            conditions(status)
                .iter()
                .any(|found| !found.holds && ["Accepted", "ResolvedRefs"].contains(&found.kind.as_str()))
        })
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.status().is_some_and(|status| {
            conditions(status).iter().any(|found| found.holds && found.kind == "Accepted")
        })
    }

    pub(super) fn object(&self) -> (String, &'a str, &'a str) {
        let kind = format!("{}.{GATEWAY_API}", self.route.kind.to_ascii_lowercase());
        (kind, &self.route.object.name, &self.route.object.namespace)
    }

    pub(super) fn patched(&self, operation: &Value, why: &str) -> Fix {
        let (kind, name, namespace) = self.object();
        fixes::patched((&kind, name, namespace), &json!([operation]), why)
    }

    pub(super) fn replaced(&self, value: &Value, why: &str) -> Fix {
        let path = format!("/spec/parentRefs/{}", self.place);
        self.patched(&json!({ "op": "replace", "path": path, "value": value }), why)
    }

    pub(super) fn set(&self, key: &str, value: &Value, why: &str) -> Fix {
        let path = format!("/spec/parentRefs/{}/{key}", self.place);
        self.patched(&json!({ "op": "add", "path": path, "value": value }), why)
    }

    pub(super) fn removed(&self, key: &str, why: &str) -> Fix {
        let path = format!("/spec/parentRefs/{}/{key}", self.place);
        self.patched(&json!({ "op": "remove", "path": path }), why)
    }

    /// Writes the route into the parent's namespace, then deletes it here.
    pub(super) fn moved(&self) -> Fix {
        self.moved_to(self.namespace())
    }

    /// The same, to the namespace of the parent that was meant.
    pub(super) fn moved_to(&self, parent: &str) -> Fix {
        let (kind, name, namespace) = self.object();
        let mut spec = self.route.object.spec.clone();
        if let Some(parent) = spec["parentRefs"][self.place].as_object_mut() {
            parent.remove("namespace");
        }
        let manifest = json!({
            "apiVersion": self.route.api_version,
            "kind": self.route.kind,
            "metadata": { "name": name, "namespace": parent },
            "spec": spec,
        });
        let why = "moves the route to the ServiceEntry, where its waypoint reads it";
        let delete = fixes::changed((&kind, name, namespace), Alteration::Delete, why);
        fixes::one_after_the_other(fixes::apply(&manifest, why), [delete], why)
    }

    pub(super) fn finding(
        &self,
        message: String,
        (key, value): (&str, String),
        evidence: Vec<String>,
        fix: Fix,
    ) -> Finding {
        let (_, name, namespace) = self.object();
        let object = Place::new(&self.route.kind, Some(namespace), name);
        Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message,
            object: object.field(format!("spec.parentRefs[{}]{key}", self.place), value),
            evidence,
            consequence: "no rule of the route has an effect: calls go as if it was not there".to_owned(),
            fix,
        }
    }
}

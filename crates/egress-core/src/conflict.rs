//! What stands in the way of an egress, found before anything is written.
//!
//! Refusals are for what would break the egress, other people's traffic, or the promise that nothing leaves directly.
//! Warnings are for what the layout is immune to but a person should know.

use serde::Serialize;

use crate::dialect::Dialect;
use crate::index::Remaining;
use crate::inventory::Egress;
use crate::metadata::Record;
use crate::resource::Resource;
use crate::shape::Part;
use crate::snapshot::{GatewayFacts, Snapshot};

mod answering;
mod at_callers;
mod at_gateway;
mod names;
mod takeover;

/// How much a conflict matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The egress works; something else deserves a look.
    Warning,
    /// Nothing may be written.
    Refusal,
}

/// One thing in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Warning or refusal.
    pub severity: Severity,
    /// The object, as kubectl would name it: `virtualservice/cnn in namespace shop`.
    pub object: String,
    /// The field of that object.
    pub field: String,
    /// What it does to the egress, in traffic terms.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// Everything a conflict check may look at.
struct Scene<'s, 'a> {
    record: &'s Record,
    wanted: &'s [Part],
    gateway: &'s GatewayFacts,
    cluster: &'s Remaining<'s, 'a>,
    snapshot: &'a Snapshot,
    egresses: &'s [&'s Egress<'a>],
    callers: Vec<String>,
}

/// Everything in the way of these parts, refusals first. `egresses` are those of the same host that exist, in every namespace.
pub fn find<'a>(
    record: &Record,
    wanted: &[Part],
    gateway: &GatewayFacts,
    cluster: &Remaining<'_, 'a>,
    egresses: &[&Egress<'a>],
) -> Vec<Conflict> {
    let snapshot = cluster.snapshot();
    let callers = callers(&record.intent.export_to, &record.intent.namespace, snapshot);
    let scene = Scene { record, wanted, gateway, cluster, snapshot, egresses, callers };
    let mut found = names::conflicts(&scene);
    found.extend(at_callers::conflicts(&scene));
    found.extend(at_gateway::conflicts(&scene));
    found.extend(takeover::conflicts(&scene));
    found.extend(answering::conflicts(&scene));
    found.sort_by_key(|conflict| std::cmp::Reverse(conflict.severity));
    found.dedup();
    found
}

/// The namespaces whose sidecars see what is exported like this, as far as they are known.
pub fn callers(export_to: &[String], namespace: &str, snapshot: &Snapshot) -> Vec<String> {
    let mut namespaces: Vec<String> = Vec::new();
    for word in export_to {
        match word.as_str() {
            "." => namespaces.push(namespace.to_owned()),
            "*" => namespaces
                .extend(snapshot.pods.iter().filter(|pod| pod.has_sidecar).map(|pod| pod.namespace.clone())),
            other => namespaces.push(other.to_owned()),
        }
    }
    namespaces.sort();
    namespaces.dedup();
    namespaces
}

impl<'a> Scene<'_, 'a> {
    /// Whether an object is one of those that are about to be written.
    fn is_wanted(&self, resource: &Resource) -> bool {
        self.wanted.iter().any(|part| part.resource.id == resource.id)
    }

    /// Those of these objects that are not part of this egress.
    fn others(&self, objects: impl IntoIterator<Item = &'a Resource>) -> impl Iterator<Item = &'a Resource> {
        objects.into_iter().filter(|resource| !self.is_wanted(resource))
    }

    /// ServiceEntries of others for a host, or for a wildcard over it.
    fn other_entries(&self, host: &str) -> impl Iterator<Item = &'a Resource> {
        self.others(self.cluster.service_entries(host))
    }

    fn host(&self) -> &str {
        self.record.intent.host.as_str()
    }

    fn dialect(&self) -> &'static Dialect {
        self.record.intent.layout.dialect()
    }
}

fn refusal(object: &Resource, field: &str, message: String, hint: String) -> Conflict {
    conflict(Severity::Refusal, object, field, message, hint)
}

fn conflict(severity: Severity, object: &Resource, field: &str, message: String, hint: String) -> Conflict {
    Conflict { severity, object: object.id.to_string(), field: field.to_owned(), message, hint }
}

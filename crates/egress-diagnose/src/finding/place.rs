//! Where a fault is: an object, a field, a line of a file.

use std::fmt;

use egress_core::resource::{ObjectId, Resource};
use serde::Serialize;

use crate::wording;

/// The most characters of a value to show.
const LONGEST_VALUE: usize = 1_000;

/// A field of an object, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The kind, as manifests write it.
    pub kind: String,
    /// The namespace; none for cluster-scoped objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The path of the field, such as `spec.exportTo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its file and line, if it was read from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceLine>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceLine {
    /// The file, as typed.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl Place {
    /// An object of any kind.
    pub fn new(kind: &str, namespace: Option<&str>, name: &str) -> Self {
        let namespace = namespace.map(str::to_owned);
        Place {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            field: None,
            value: None,
            source: None,
        }
    }

    /// An Istio object.
    pub fn of(id: &ObjectId) -> Self {
        Place::new(&id.kind.to_string(), Some(&id.namespace), &id.name)
    }

    /// The field of an Istio object that decides its visibility.
    pub fn export_to(resource: &Resource) -> Self {
        let words = wording::export_to(resource).join(", ");
        Place::of(&resource.id).field("spec.exportTo", words)
    }

    /// The object as kubectl names it: `gateway/egress in namespace istio-system`.
    pub fn object(&self) -> String {
        let namespace = self.namespace.as_ref().map(|name| format!(" in namespace {name}"));
        format!("{}/{}{}", self.kind.to_ascii_lowercase(), self.name, namespace.unwrap_or_default())
    }

    /// The same place, with a field and its value, cut to a readable length.
    #[must_use]
    pub fn field(self, path: impl Into<String>, value: impl Into<String>) -> Self {
        let mut value = value.into();
        if let Some((end, _)) = value.char_indices().nth(LONGEST_VALUE) {
            value.truncate(end);
            value.push('…');
        }
        Place { field: Some(path.into()), value: Some(value), ..self }
    }
}

impl fmt::Display for Place {
    /// As kubectl names an object, then the field: `gateway/egress in namespace istio-system: spec.servers[0] is …`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.object())?;
        match (&self.field, &self.value) {
            (Some(field), Some(value)) => write!(formatter, ": {field} is `{value}`")?,
            (Some(field), None) => write!(formatter, ": {field}")?,
            _ => {}
        }
        match &self.source {
            Some(SourceLine { file, line }) => write!(formatter, " ({file}:{line})"),
            None => Ok(()),
        }
    }
}

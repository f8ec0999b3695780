//! One object as a value: read from the API server or made by a shape.
//!
//! Knows the envelope (kind, names, labels, annotations, who wrote the spec). What a spec means is decided elsewhere.

use std::fmt;

use egress_istio::destination_rule::DestinationRuleSpec;
use egress_istio::gateway::GatewaySpec;
use egress_istio::service_entry::ServiceEntrySpec;
use egress_istio::sidecar::SidecarSpec;
use egress_istio::virtual_service::VirtualServiceSpec;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::metadata::FIELD_MANAGER;
use crate::role::Kind;
use crate::tree::Tree;
use crate::typed::{FieldError, typed};

mod status;
mod string_map;

pub use status::{Condition, Status, conditions};
pub use string_map::StringMap;

/// Which object: enough to read, write or delete it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectId {
    /// The kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The specs this tool reads or writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Spec {
    /// See [`Kind::ServiceEntry`].
    ServiceEntry(ServiceEntrySpec),
    /// See [`Kind::VirtualService`].
    VirtualService(VirtualServiceSpec),
    /// See [`Kind::DestinationRule`]. Boxed, like a Sidecar: few, and larger than the others.
    DestinationRule(Box<DestinationRuleSpec>),
    /// See [`Kind::Gateway`].
    Gateway(GatewaySpec),
    /// See [`Kind::Sidecar`].
    Sidecar(Box<SidecarSpec>),
    /// Of any other kind: the spec as it is.
    Untyped(Value),
}

/// An object: desired when `live` is empty, read from a cluster otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Which object.
    pub id: ObjectId,
    /// Its labels.
    #[serde(with = "string_map")]
    pub labels: StringMap,
    /// Its annotations.
    #[serde(with = "string_map")]
    pub annotations: StringMap,
    /// What it says.
    pub spec: Spec,
    /// What the API server adds.
    pub live: Option<Live>,
}

/// What only an object in a cluster has.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    /// The object's identity: a precondition of every delete.
    pub uid: String,
    /// Its version: a precondition of every replacement.
    pub resource_version: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Field managers other than ours that own a part of the spec.
    pub foreign_managers: Vec<String>,
    /// What controllers say about it.
    pub status: Status,
}

/// Why an object could not be read.
#[derive(Debug, Error)]
pub enum ResourceError {
    /// The envelope lacks something that every object has.
    #[error("object has no `{0}`")]
    Missing(&'static str),
    /// A kind or group that is not ours to read.
    #[error("`{0}` is not a kind that kubectl egress reads")]
    Kind(String),
    /// The spec does not match the schema of its kind.
    #[error("{id}: {error}")]
    Spec {
        /// Which object.
        id: ObjectId,
        /// Which field does not match, and why.
        error: FieldError,
    },
}

impl Resource {
    /// Reads an object as the API server or a YAML file shows it.
    ///
    /// # Errors
    /// [`ResourceError`] when it is no Istio networking object or its spec does not match the schema.
    pub fn from_json(object: &Value) -> Result<Self, ResourceError> {
        Resource::from_tree(&object.into())
    }

    /// The same of a tree.
    ///
    /// # Errors
    /// As [`Resource::from_json`].
    pub fn from_tree(object: &Tree<'_>) -> Result<Self, ResourceError> {
        Resource::of_kind(kind_of(object)?, object)
    }

    /// The same of an object whose kind is known from where it was found: in lists of its own kinds, such as
    /// NetworkPolicies, the API server leaves it out.
    ///
    /// # Errors
    /// As [`Resource::from_json`], except that the object need not name its kind.
    pub fn of_kind(kind: Kind, object: &Tree<'_>) -> Result<Self, ResourceError> {
        let metadata = object.get("metadata").ok_or(ResourceError::Missing("metadata"))?;
        let text = |key: &str| metadata.get(key).and_then(Tree::as_str).map(str::to_owned);
        let name = text("name").ok_or(ResourceError::Missing("metadata.name"))?;
        let id =
            ObjectId { kind, namespace: text("namespace").unwrap_or_else(|| "default".to_owned()), name };
        let spec = Spec::from_tree(kind, object.get("spec").unwrap_or(&Tree::Map(Vec::new())))
            .map_err(|error| ResourceError::Spec { id: id.clone(), error: error.below("spec") })?;
        let live = text("uid").map(|uid| Live {
            uid,
            resource_version: text("resourceVersion").unwrap_or_default(),
            created: text("creationTimestamp").and_then(|time| time.parse().ok()),
            foreign_managers: foreign_managers(metadata),
            status: Status::of(object.get("status").map(Value::from).as_ref()),
        });
        Ok(Resource {
            id,
            labels: metadata.get("labels").map(string_map::of_tree).unwrap_or_default(),
            annotations: metadata.get("annotations").map(string_map::of_tree).unwrap_or_default(),
            spec,
            live,
        })
    }

    /// The object as a manifest: apiVersion, kind, metadata, spec, in that order. Istio's kinds are written in the version that
    /// the server has.
    ///
    /// # Errors
    /// Only when a spec cannot be written as JSON, which the generated types rule out.
    pub fn to_json(&self, istio_version: &str) -> Result<Value, serde_json::Error> {
        let mut metadata = json!({ "name": self.id.name, "namespace": self.id.namespace });
        for (key, map) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !map.is_empty() {
                metadata[key] = map.iter().map(|(key, value)| (&**key, value.as_str())).collect();
            }
        }
        Ok(json!({
            "apiVersion": format!("{}/{}", self.id.kind.group(), self.id.kind.version(istio_version)),
            "kind": self.id.kind.to_string(),
            "metadata": metadata,
            "spec": self.spec.to_json()?,
        }))
    }

    /// Whether a live object says what this one asks for. Labels and annotations that others added do not count.
    pub fn is_fulfilled_by(&self, live: &Resource) -> bool {
        let holds = |wanted: &StringMap, found: &StringMap| {
            wanted.iter().all(|(key, value)| found.get(key) == Some(value))
        };
        self.id == live.id
            && self.spec.is_fulfilled_by(&live.spec)
            && holds(&self.labels, &live.labels)
            && holds(&self.annotations, &live.annotations)
    }

    /// Whether a later reading of this object says the same of everything but its version and status, which controllers
    /// write beside the object's owner.
    pub fn differs_in_status_only(&self, now: &Resource) -> bool {
        let (Some(before), Some(after)) = (&self.live, &now.live) else { return false };
        let live = Live {
            resource_version: before.resource_version.clone(),
            status: before.status.clone(),
            ..after.clone()
        };
        *self == Resource { live: Some(live), ..now.clone() }
    }

    /// The ServiceEntry spec, if it is one.
    pub fn service_entry(&self) -> Option<&ServiceEntrySpec> {
        if let Spec::ServiceEntry(spec) = &self.spec { Some(spec) } else { None }
    }

    /// The VirtualService spec, if it is one.
    pub fn virtual_service(&self) -> Option<&VirtualServiceSpec> {
        if let Spec::VirtualService(spec) = &self.spec { Some(spec) } else { None }
    }

    /// The DestinationRule spec, if it is one.
    pub fn destination_rule(&self) -> Option<&DestinationRuleSpec> {
        if let Spec::DestinationRule(spec) = &self.spec { Some(spec) } else { None }
    }

    /// The Gateway spec, if it is one.
    pub fn gateway(&self) -> Option<&GatewaySpec> {
        if let Spec::Gateway(spec) = &self.spec { Some(spec) } else { None }
    }

    /// The Sidecar spec, if it is one.
    pub fn sidecar(&self) -> Option<&SidecarSpec> {
        if let Spec::Sidecar(spec) = &self.spec { Some(spec) } else { None }
    }
}

impl Spec {
    fn from_tree(kind: Kind, spec: &Tree<'_>) -> Result<Self, FieldError> {
        Ok(match kind {
            Kind::ServiceEntry => Spec::ServiceEntry(typed(spec)?),
            Kind::VirtualService => Spec::VirtualService(typed(spec)?),
            Kind::DestinationRule => Spec::DestinationRule(typed(spec)?),
            Kind::Gateway => Spec::Gateway(typed(spec)?),
            Kind::Sidecar => Spec::Sidecar(typed(spec)?),
            Kind::NetworkPolicy | Kind::HttpRoute => Spec::Untyped(spec.into()),
        })
    }

    /// Whether a live spec says what this one asks for. A type knows which fields are left to Istio; of an untyped spec, the
    /// API server may have filled in what is not asked for.
    fn is_fulfilled_by(&self, live: &Spec) -> bool {
        match (self, live) {
            (Spec::Untyped(wanted), Spec::Untyped(live)) => is_within(wanted, live),
            (wanted, live) => wanted == live,
        }
    }

    fn to_json(&self) -> Result<Value, serde_json::Error> {
        match self {
            Spec::ServiceEntry(spec) => serde_json::to_value(spec),
            Spec::VirtualService(spec) => serde_json::to_value(spec),
            Spec::DestinationRule(spec) => serde_json::to_value(spec),
            Spec::Gateway(spec) => serde_json::to_value(spec),
            Spec::Sidecar(spec) => serde_json::to_value(spec),
            Spec::Untyped(spec) => Ok(spec.clone()),
        }
    }
}

impl fmt::Display for ObjectId {
    /// As kubectl names an object: `serviceentry/edition-cnn-com in namespace shop`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.to_string().to_ascii_lowercase();
        write!(formatter, "{kind}/{} in namespace {}", self.name, self.namespace)
    }
}

fn kind_of(object: &Tree<'_>) -> Result<Kind, ResourceError> {
    let text = |key: &'static str| object.get(key).and_then(Tree::as_str).ok_or(ResourceError::Missing(key));
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    Kind::named(group, kind).ok_or_else(|| ResourceError::Kind(format!("{api_version} {kind}")))
}

/// Whether every field of one value is in the other, and lists are as long and hold the same in their order.
fn is_within(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| is_within(wanted, found)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| is_within(wanted, found))
        }
        (wanted, found) => wanted == found,
    }
}

/// Managers whose `managedFields` entry covers a part of the spec; istiod writes status only.
fn foreign_managers(metadata: &Tree<'_>) -> Vec<String> {
    let Some(Tree::List(entries)) = metadata.get("managedFields") else { return Vec::new() };
    let mut managers: Vec<String> = entries
        .iter()
        .filter(|entry| entry.get("fieldsV1").is_some_and(|fields| fields.get("f:spec").is_some()))
        .filter_map(|entry| entry.get("manager").and_then(Tree::as_str))
        .filter(|manager| *manager != FIELD_MANAGER)
        .map(str::to_owned)
        .collect();
    managers.sort();
    managers.dedup();
    managers
}

//! Turns objects into the facts of a diagnosis: from files, bundles, or the tests' fixtures.
//!
//! Knows which kinds matter. Does not know files or their text.

use std::collections::BTreeSet;

use egress_core::host::printable;
use egress_core::input::{Gap, Input};
use egress_core::kubernetes::{Node, Pod, Service};
use egress_core::objects::{self, Routed};
use egress_core::path::{Path, PathStep};
use egress_core::resource::{Resource, ResourceError};
use egress_core::role::Kind;
use egress_core::snapshot::{MeshFacts, Snapshot};
use egress_core::tree::Tree;
use egress_core::typed::FieldError;
use egress_core::yaml::YamlError;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::facts::ClusterFacts;
use crate::facts::names::{self, NameError};

use self::meshes::{InUse, MeshMap};

mod append;
mod keep_last;
mod meshes;
mod own;
mod related_resources;

/// Collects objects one by one.
#[derive(Default)]
pub struct Collector {
    facts: ClusterFacts,
    services: Vec<Service>,
    pods: Vec<Pod>,
    meshes: Vec<MeshMap>,
    given: BTreeSet<Input>,
}

/// Why an object could not be used. It does not affect the others.
#[derive(Debug, Error)]
pub enum CollectError {
    /// It is not a Kubernetes object.
    #[error("expected an object with `apiVersion` and `kind`, found {0}")]
    NoObject(String),
    /// A name, a label or a key that is not valid in Kubernetes.
    #[error("{kind}: {error}")]
    Name {
        /// The kind of its object.
        kind: String,
        /// The field and its content.
        error: NameError,
    },
    /// An Istio object that does not fit its schema.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// Another object that does not fit its schema.
    #[error("{kind} {name}: {error}")]
    Schema {
        /// Its kind.
        kind: String,
        /// Its name, with its namespace if it has one.
        name: String,
        /// Which field does not match, and why.
        error: FieldError,
    },
    /// An invalid mesh configuration.
    #[error("configmap {name}: key \"mesh\": {error}")]
    Mesh {
        /// The ConfigMap's name.
        name: String,
        /// What does not match.
        error: YamlError,
    },
}

impl CollectError {
    /// The path of the field that does not fit the schema, if known.
    pub fn field(&self) -> Option<Path> {
        match self {
            CollectError::Name { error, .. } => {
                Some(Path(error.field.split('.').map(PathStep::from).collect()))
            }
            CollectError::Resource(ResourceError::Spec { error, .. })
            | CollectError::Schema { error, .. } => Some(error.path().clone()),
            _ => None,
        }
    }
}

impl Collector {
    /// A collector with room for that many Istio objects, so that a large list is not copied while it grows.
    pub fn with_room(objects: usize) -> Self {
        let mut collector = Collector::default();
        collector.facts.snapshot.resources.reserve_exact(objects);
        collector
    }

    /// Adds an object. Ignores kinds that no check reads.
    ///
    /// # Errors
    /// [`CollectError`] if it does not fit the schema of its kind.
    pub fn add(&mut self, object: &Tree<'_>) -> Result<(), CollectError> {
        let text = |key: &str| object.get(key).and_then(Tree::as_str);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            return Err(CollectError::NoObject(described(object)));
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if group != own::GROUP {
            names::of_object(object, kind)
                .map_err(|error| CollectError::Name { kind: printable(kind), error })?;
        }
        match (group, kind) {
            (Kind::GROUP, "EnvoyFilter" | "WorkloadEntry") => self.related_resources(kind, object),
            (Kind::GROUP, _) => self.istio(object),
            ("", "Service") => {
                self.given.extend([Input::Services, Input::Gateways]);
                self.services.push(typed(object)?);
                Ok(())
            }
            ("", "Pod") => {
                self.given.insert(Input::Pods);
                self.pods.push(typed(object)?);
                Ok(())
            }
            ("", "Node") => {
                self.given.insert(Input::Nodes);
                self.facts.snapshot.nodes.push(objects::node(&typed::<Node>(object)?));
                Ok(())
            }
            ("", "Namespace") => {
                self.given.insert(Input::Namespaces);
                let namespace = objects::namespace(typed::<Namespace>(object)?);
                self.facts.snapshot.namespaces.push(namespace);
                Ok(())
            }
            ("", "ConfigMap") => self.config_map(typed(object)?),
            (own::GROUP, _) => self.own(kind, object),
            _ => self.related_resources(kind, object),
        }
    }

    /// The facts of all objects together. Kinds without objects become a [`Gap`].
    pub fn finish(self) -> ClusterFacts {
        let Collector { mut facts, services, pods, meshes, given } = self;
        let snapshot = &mut facts.snapshot;
        if let Some(domain) = objects::cluster_domain(pods.iter()) {
            snapshot.mesh.cluster_domain = domain;
        }
        snapshot.resolve_short_names();
        snapshot.gateways = objects::gateways(&services, &pods, &Routed::by(&snapshot.resources));
        let all: Vec<&Pod> = pods.iter().collect();
        snapshot.services = services.iter().map(|service| objects::service_among(service, &all)).collect();
        let objects = pods;
        let pods: Vec<_> = objects.iter().map(objects::pod).collect();
        let in_use = InUse { objects: &objects, pods: &pods, namespaces: &snapshot.namespaces };
        keep(snapshot, meshes::meshes(&meshes, &in_use));
        facts.related_resources.istiod = pods.iter().filter(|pod| objects::is_istiod(pod)).cloned().collect();
        snapshot.pods = pods;
        facts.add_gateways_of_gateway_api();
        for input in own::from_objects().filter(|input| !given.contains(input)) {
            facts.gaps.entry(input).or_insert(Gap::NotGiven);
        }
        facts
    }

    fn istio(&mut self, object: &Tree<'_>) -> Result<(), CollectError> {
        match Resource::from_tree(object) {
            Ok(resource) => self.facts.snapshot.resources.push(resource),
            // An Istio kind that no check reads, such as ProxyConfig.
            Err(ResourceError::Kind(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn config_map(&mut self, map: ConfigMap) -> Result<(), CollectError> {
        let accepts = objects::accepts(&map.metadata);
        let name = map.metadata.name.unwrap_or_default();
        let text = map.data.and_then(|mut data| data.remove(objects::MESH_KEY));
        let Some(text) = text.filter(|_| MeshMap::is_one(&name)) else {
            return Ok(());
        };
        if let Err(error) = objects::mesh(&text, None) {
            return Err(CollectError::Mesh { name, error });
        }
        let namespace = map.metadata.namespace.unwrap_or_default();
        self.meshes.push(MeshMap { namespace, name, text, accepts });
        self.given.insert(Input::Mesh);
        Ok(())
    }
}

/// Keeps the meshes of the ConfigMaps; the first is the one that is examined where only one is.
fn keep(snapshot: &mut Snapshot, meshes: Vec<MeshFacts>) {
    let MeshFacts { api_version, cluster_domain, .. } = snapshot.mesh.clone();
    let mut all = meshes.into_iter().map(|mesh| MeshFacts {
        api_version: api_version.clone(),
        cluster_domain: cluster_domain.clone(),
        ..mesh
    });
    if let Some(first) = all.next() {
        snapshot.mesh = first;
        snapshot.other_meshes = all.collect();
    }
}

/// Reads an object as the type of its kind.
fn typed<T: DeserializeOwned>(object: &Tree<'_>) -> Result<T, CollectError> {
    egress_core::typed::typed(object).map_err(|error| schema(object, error))
}

/// An object that does not fit its schema.
fn schema(object: &Tree<'_>, error: FieldError) -> CollectError {
    CollectError::Schema { kind: word(object, &["kind"]), name: full_name(object), error }
}

fn full_name(object: &Tree<'_>) -> String {
    let (namespace, name) = (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
    if namespace.is_empty() { name } else { format!("{namespace}/{name}") }
}

fn word(object: &Tree<'_>, path: &[&str]) -> String {
    object.at(path).and_then(Tree::as_str).unwrap_or_default().to_owned()
}

fn described(object: &Tree<'_>) -> String {
    match object {
        Tree::Map(fields) if fields.is_empty() => "an empty map".to_owned(),
        Tree::Map(_) => {
            let names: Vec<_> = object.fields().map(|(name, _)| name).take(3).collect();
            format!("a map with {}", names.join(", "))
        }
        Tree::List(_) => "a list".to_owned(),
        Tree::Text(_) => "a text".to_owned(),
        Tree::Null => "nothing".to_owned(),
        Tree::Bool(_) | Tree::Number(_) => "a number or a truth value".to_owned(),
    }
}

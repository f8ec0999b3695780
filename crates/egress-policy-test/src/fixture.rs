//! Objects of a cluster as `kubectl get nodes -o yaml` and `kubectl get namespace NAME -o yaml` print them.
//!
//! Reads the fields that policies see, and ignores all others.

use std::collections::BTreeMap;

use egress_core::typed::typed;
use egress_core::yaml::{self, YamlError};
use egress_policy::request::Node;
use serde::Deserialize;
use thiserror::Error;

/// The objects of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixture {
    /// Nodes, in the file's order.
    Nodes(Vec<Node>),
    /// A namespace.
    Namespace {
        /// Its name.
        name: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
    },
}

/// Why a file cannot be used as a fixture.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// It is not YAML, or has no Kubernetes objects.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It has objects of a kind that requests do not contain.
    #[error("expected nodes or one namespace, found {0}")]
    Kind(String),
}

impl Fixture {
    /// Reads the objects of one file: a list, one object, or several documents.
    pub fn parse(text: &str) -> Result<Self, FixtureError> {
        let mut objects = Vec::new();
        for document in yaml::documents(text) {
            match typed::<Document>(&document.map_err(YamlError::Syntax)?).map_err(YamlError::Type)? {
                Document { kind, items: Some(items), .. } if kind.ends_with("List") => objects.extend(items),
                object => objects.push(object),
            }
        }
        match objects.as_slice() {
            [namespace] if namespace.kind == "Namespace" => Ok(Fixture::Namespace {
                name: namespace.metadata.name.clone(),
                labels: namespace.metadata.labels.clone(),
            }),
            [] => Err(FixtureError::Kind("nothing".to_owned())),
            objects => match objects.iter().find(|object| object.kind != "Node") {
                Some(other) => Err(FixtureError::Kind(format!("kind {}", other.kind))),
                None => Ok(Fixture::Nodes(objects.iter().map(node).collect())),
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    kind: String,
    items: Option<Vec<Document>>,
    metadata: ObjectMetadata,
    spec: NodeSpec,
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ObjectMetadata {
    name: String,
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    unschedulable: bool,
    taints: Vec<NodeTaint>,
}

#[derive(Deserialize)]
struct NodeTaint {
    key: String,
    #[serde(default)]
    value: String,
    effect: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus {
    conditions: Vec<NodeCondition>,
    addresses: Vec<NodeAddress>,
}

#[derive(Deserialize)]
struct NodeCondition {
    r#type: String,
    status: String,
}

#[derive(Deserialize)]
struct NodeAddress {
    address: String,
}

fn node(object: &Document) -> Node {
    let is_ready = |condition: &NodeCondition| condition.r#type == "Ready" && condition.status == "True";
    Node {
        name: object.metadata.name.clone(),
        ready: object.status.conditions.iter().any(is_ready),
        schedulable: !object.spec.unschedulable,
        labels: object.metadata.labels.clone(),
        taints: object.spec.taints.iter().map(taint).collect(),
        addresses: object.status.addresses.iter().map(|address| address.address.clone()).collect(),
    }
}

fn taint(taint: &NodeTaint) -> String {
    format!("{}={}:{}", taint.key, taint.value, taint.effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = r#"
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- apiVersion: v1
  kind: Node
  metadata:
    name: infra-1
    labels: {node-role.kubernetes.io/infra: ""}
    creationTimestamp: "2026-01-01T00:00:00Z"
  spec:
    podCIDR: 10.0.0.0/24
    taints: [{key: dedicated, value: egress, effect: NoSchedule}]
  status:
    addresses: [{address: 10.1.0.1, type: InternalIP}]
    conditions:
    - {type: MemoryPressure, status: "False"}
    - {type: Ready, status: "True"}
- apiVersion: v1
  kind: Node
  metadata: {name: app-1}
  spec: {unschedulable: true}
"#;

    #[test]
    fn nodes_are_read_as_kubectl_prints_them() {
        let Fixture::Nodes(nodes) = Fixture::parse(NODES).unwrap() else { panic!("expected nodes") };
        assert_eq!(nodes[0].name, "infra-1");
        assert!(nodes[0].ready && nodes[0].schedulable);
        assert_eq!(nodes[0].labels["node-role.kubernetes.io/infra"], "");
        assert_eq!(nodes[0].taints, ["dedicated=egress:NoSchedule"]);
        assert_eq!(nodes[0].addresses, ["10.1.0.1"]);
        assert!(!nodes[1].ready && !nodes[1].schedulable);
    }

    #[test]
    fn a_namespace_brings_its_labels() {
        let text = "kind: Namespace\nmetadata: {name: shop, labels: {team: web}}\n";
        let labels = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
        assert_eq!(Fixture::parse(text).unwrap(), Fixture::Namespace { name: "shop".to_owned(), labels });
    }

    #[test]
    fn other_objects_are_refused() {
        let error = Fixture::parse("kind: Pod\nmetadata: {name: a}\n").unwrap_err().to_string();
        assert_eq!(error, "expected nodes or one namespace, found kind Pod");
    }
}

//! Nodes.

use serde::Deserialize;

use super::{Condition, or_default};

/// What a node takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSpec {
    /// Whether it takes no new pods.
    pub unschedulable: Option<bool>,
    /// What pods must tolerate.
    pub taints: Option<Vec<Taint>>,
}

/// What pods must tolerate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Taint {
    /// Its key.
    #[serde(deserialize_with = "or_default")]
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// What happens to pods that do not.
    #[serde(deserialize_with = "or_default")]
    pub effect: String,
}

/// What a node is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeStatus {
    /// What holds of it.
    pub conditions: Option<Vec<Condition>>,
    /// Its addresses and names.
    pub addresses: Option<Vec<NodeAddress>>,
}

/// An address or a name of a node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeAddress {
    /// The address.
    #[serde(deserialize_with = "or_default")]
    pub address: String,
}

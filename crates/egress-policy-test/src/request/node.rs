//! The nodes of a request: in the case itself, or in a fixture.

use std::collections::BTreeMap;
use std::fmt;

use egress_policy::request::Node;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// The nodes of a request.
#[derive(Clone, Debug)]
pub(super) enum Nodes {
    /// In the case.
    Written(Vec<Node>),
    /// In the fixture with this name.
    Fixture(String),
}

/// A node; it is ready unless the case says otherwise.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct NodeText {
    name: String,
    #[serde(default = "yes")]
    ready: bool,
    #[serde(default = "yes")]
    schedulable: bool,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    taints: Vec<String>,
    #[serde(default)]
    addresses: Vec<String>,
}

fn yes() -> bool {
    true
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodesVisitor)
    }
}

struct NodesVisitor;

impl<'de> Visitor<'de> for NodesVisitor {
    type Value = Nodes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of nodes, or the name of a fixture such as `$nodes`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Nodes, E> {
        match text.strip_prefix('$') {
            Some(name) => Ok(Nodes::Fixture(name.to_owned())),
            None => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Nodes, A::Error> {
        let mut nodes = Vec::new();
        while let Some(NodeText { name, ready, schedulable, labels, taints, addresses }) =
            items.next_element()?
        {
            nodes.push(Node { name, ready, schedulable, labels, taints, addresses });
        }
        Ok(Nodes::Written(nodes))
    }
}

//! A request as people write it: fields that are not written have the defaults of `add`.
//!
//! Knows the keys and the defaults. Fixtures define the meaning of `$name`.

mod node;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use egress_policy::request::{Destination, ExistingEgress, Request};
use jiff::Timestamp;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error as ThisError;

use super::fixture::Fixture;
use node::Nodes;

/// A request whose `$names` are not resolved yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RequestText {
    verb: Verb,
    destinations: Vec<DestinationText>,
    namespace: String,
    export_to: Vec<String>,
    layout: String,
    justification: Option<String>,
    cluster: String,
    explain: bool,
    namespace_labels: BTreeMap<String, String>,
    nodes: Nodes,
    existing: Vec<ExistingEgress>,
    user: Option<String>,
    groups: Vec<String>,
    #[serde(deserialize_with = "time")]
    now: Option<u64>,
    facts: BTreeMap<String, Value>,
}

/// A `$name` that cannot be resolved.
#[derive(Clone, Debug, ThisError, PartialEq, Eq)]
pub enum RequestError {
    /// No fixture has this name.
    #[error("`${0}` is not among the fixtures")]
    Unknown(String),
    /// The fixture has nodes where a namespace is needed, or a namespace where nodes are needed.
    #[error("`${name}` must be a fixture with {expected}")]
    Other {
        /// The fixture.
        name: String,
        /// The objects that are needed.
        expected: &'static str,
    },
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    #[default]
    Add,
    Remove,
    Audit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DestinationText {
    host: String,
    #[serde(default = "https")]
    port: u16,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    route: Option<String>,
}

impl Default for RequestText {
    fn default() -> Self {
        RequestText {
            verb: Verb::Add,
            destinations: Vec::new(),
            namespace: "default".to_owned(),
            export_to: vec![".".to_owned()],
            layout: "shared".to_owned(),
            justification: None,
            cluster: "test".to_owned(),
            explain: false,
            namespace_labels: BTreeMap::new(),
            nodes: Nodes::Written(Vec::new()),
            existing: Vec::new(),
            user: None,
            groups: Vec::new(),
            now: None,
            facts: BTreeMap::new(),
        }
    }
}

impl RequestText {
    /// The request with the objects of the fixtures.
    pub fn resolve(&self, fixtures: &BTreeMap<String, Fixture>) -> Result<Request, RequestError> {
        let find = |name: &str| fixtures.get(name).ok_or_else(|| RequestError::Unknown(name.to_owned()));
        let other = |name: &str, expected| RequestError::Other { name: name.to_owned(), expected };
        let (namespace, mut labels) = match self.namespace.strip_prefix('$') {
            None => (self.namespace.clone(), BTreeMap::new()),
            Some(name) => match find(name)? {
                Fixture::Namespace { name, labels } => (name.clone(), labels.clone()),
                Fixture::Nodes(_) => return Err(other(name, "one namespace")),
            },
        };
        labels.extend(self.namespace_labels.clone());
        let nodes = match &self.nodes {
            Nodes::Written(nodes) => nodes.clone(),
            Nodes::Fixture(name) => match find(name)? {
                Fixture::Nodes(nodes) => nodes.clone(),
                Fixture::Namespace { .. } => return Err(other(name, "nodes")),
            },
        };
        Ok(Request {
            verb: self.verb.word().to_owned(),
            destinations: self.destinations.iter().map(DestinationText::resolve).collect(),
            namespace,
            export_to: self.export_to.clone(),
            layout: self.layout.clone(),
            justification: self.justification.clone(),
            cluster: self.cluster.clone(),
            settings: String::new(),
            explain: self.explain,
            namespace_labels: labels,
            nodes: Arc::new(nodes),
            existing: Arc::new(self.existing.clone()),
            user: self.user.clone(),
            groups: self.groups.clone(),
            now: self.now,
            facts: self.facts.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
        })
    }
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Verb::Add => "add",
            Verb::Remove => "remove",
            Verb::Audit => "audit",
        }
    }
}

impl DestinationText {
    fn resolve(&self) -> Destination {
        let protocol = self.protocol.clone().unwrap_or_else(|| {
            let word = if self.port == 80 { "HTTP" } else { "TLS" };
            word.to_owned()
        });
        let route = self.route.clone().unwrap_or_else(|| {
            let word = if protocol == "HTTP" { "mtls" } else { "passthrough" };
            word.to_owned()
        });
        Destination { host: self.host.clone(), port: self.port, protocol, route }
    }
}

fn https() -> u16 {
    443
}

/// Seconds since 1970, or a time such as `2026-12-24T18:00:00Z`.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    struct Time;

    impl Visitor<'_> for Time {
        type Value = Option<u64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("seconds since 1970, or a time such as 2026-12-24T18:00:00Z")
        }

        fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
            Ok(Some(seconds))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let time: Option<Timestamp> = text.parse().ok();
            let seconds = time.and_then(|time| u64::try_from(time.as_second()).ok());
            seconds.map(Some).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egress_core::yaml;

    fn read(text: &str) -> Request {
        yaml::from_str::<RequestText>(text).unwrap().resolve(&fixtures()).unwrap()
    }

    fn fixtures() -> BTreeMap<String, Fixture> {
        let namespace = "kind: Namespace\nmetadata: {name: shop, labels: {team: web, tier: a}}";
        let nodes = "kind: Node\nmetadata: {name: infra-1}\n---\nkind: Node\nmetadata: {name: app-1}";
        [("shop", namespace), ("nodes", nodes)]
            .map(|(name, text)| (name.to_owned(), Fixture::parse(text).unwrap()))
            .into()
    }

    #[test]
    fn what_is_not_written_is_as_add_would_ask() {
        let request = read("destinations: [{host: a.example.com}, {host: b.example.com, port: 80}]");
        assert_eq!((request.verb.as_str(), request.layout.as_str()), ("add", "shared"));
        let words: Vec<_> = request
            .destinations
            .iter()
            .map(|destination| format!("{} {}", destination.protocol, destination.route))
            .collect();
        assert_eq!(words, ["TLS passthrough", "HTTP mtls"]);
    }

    #[test]
    fn names_with_a_dollar_are_fixtures() {
        let request = read("{namespace: $shop, namespace-labels: {tier: b}, nodes: $nodes}");
        assert_eq!(request.namespace, "shop");
        assert_eq!(request.namespace_labels["team"], "web");
        assert_eq!(request.namespace_labels["tier"], "b");
        assert_eq!(request.nodes.len(), 2);
    }

    #[test]
    fn a_name_that_no_fixture_has_is_refused() {
        let refusal = |text: &str| {
            yaml::from_str::<RequestText>(text).unwrap().resolve(&fixtures()).unwrap_err().to_string()
        };
        assert_eq!(refusal("nodes: $node"), "`$node` is not among the fixtures");
        assert_eq!(refusal("nodes: $shop"), "`$shop` must be a fixture with nodes");
        assert_eq!(refusal("namespace: $nodes"), "`$nodes` must be a fixture with one namespace");
    }

    #[test]
    fn nodes_may_be_written_out_and_are_ready_unless_said_otherwise() {
        let request = read("nodes: [{name: a, labels: {zone: x}}, {name: b, ready: false}]");
        assert!(request.nodes[0].ready && request.nodes[0].schedulable);
        assert!(!request.nodes[1].ready);
    }

    #[test]
    fn time_is_written_as_people_do() {
        assert_eq!(read("now: 2026-12-24T18:00:00Z").now, Some(1_798_135_200));
        assert_eq!(read("now: 17").now, Some(17));
        let error = yaml::from_str::<RequestText>("now: tomorrow").unwrap_err();
        assert!(error.to_string().contains("2026-12-24T18:00:00Z"), "{error}");
    }
}

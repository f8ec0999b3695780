//! The shape of the YAML form.
//!
//! Knows which YAML values may stand where. What a host or port is, it leaves to their parsers.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::host::printable;
use crate::port::Port;
use crate::typed::or_default;

/// The items, and the field that they stand in, if it is not the document itself.
pub(super) struct HostDocument {
    pub(super) field: Option<&'static str>,
    pub(super) items: Vec<Item>,
}

/// One item.
pub(super) enum Item {
    /// A host as it is typed: `edition.cnn.com:443`.
    Typed(String),
    /// A host and its ports.
    Ports(String, BTreeSet<Port>),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HostsField {
    #[serde(deserialize_with = "or_default")]
    hosts: Vec<Item>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HostAndPorts {
    host: String,
    ports: Option<Vec<PortText>>,
}

impl<'de> Deserialize<'de> for HostDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = HostDocument;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of hosts, or a map with the list under `hosts`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<HostDocument, A::Error> {
        let items = Vec::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(HostDocument { field: None, items })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HostDocument, A::Error> {
        let HostsField { hosts } = HostsField::deserialize(MapAccessDeserializer::new(map))?;
        Ok(HostDocument { field: Some("hosts"), items: hosts })
    }

    fn visit_unit<E>(self) -> Result<HostDocument, E> {
        Ok(HostDocument { field: None, items: Vec::new() })
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a host such as `edition.cnn.com`, or a map with `host` and `ports`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Typed(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
        let HostAndPorts { host, ports } = HostAndPorts::deserialize(MapAccessDeserializer::new(map))?;
        match ports {
            None => Ok(Item::Typed(host)),
            Some(ports) if ports.is_empty() => {
                Err(A::Error::custom(format!("host `{}`: expected at least one port", printable(&host))))
            }
            Some(ports) => Ok(Item::Ports(host, ports.into_iter().map(|port| port.0).collect())),
        }
    }
}

/// A port as text, or as the bare number that YAML reads as one.
struct PortText(Port);

impl<'de> Deserialize<'de> for PortText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortVisitor)
    }
}

struct PortVisitor;

impl Visitor<'_> for PortVisitor {
    type Value = PortText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a port such as `443/TLS`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PortText, E> {
        text.parse().map(PortText).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<PortText, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<PortText, E> {
        self.visit_str(&number.to_string())
    }
}

//! The shape of the YAML form, read item by item so that each keeps its line.
//!
//! Knows which YAML values may stand where. What a host or port is, it leaves to their parsers.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::host::printable;
use crate::port::Port;

/// The items, wherever the list stands.
pub(super) struct Document(pub(super) Vec<Spanned<Item>>);

/// One item.
pub(super) enum Item {
    /// A host as it is typed: `edition.cnn.com:443`.
    Typed(String),
    /// A host and its ports.
    Ports(String, BTreeSet<Port>),
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of hosts, or a map with the list under `hosts`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Document(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut hosts: Option<Vec<Spanned<Item>>> = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "hosts" => hosts = Some(map.next_value()?),
                other => return Err(unknown_key(other, "`hosts`")),
            }
        }
        hosts.map(Document).ok_or_else(|| A::Error::custom("expected the key `hosts`, found none"))
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut host: Option<String> = None;
        let mut ports: Option<Vec<PortText>> = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "host" => host = Some(map.next_value()?),
                "ports" => ports = Some(map.next_value()?),
                other => {
                    map.next_value::<IgnoredAny>()?;
                    return Err(unknown_key(other, "`host` and `ports`"));
                }
            }
        }
        let host = host.ok_or_else(|| A::Error::custom("expected the key `host`, found none"))?;
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

fn unknown_key<E: Error>(key: &str, expected: &str) -> E {
    E::custom(format!("expected {expected}, found the key `{}`", printable(key)))
}

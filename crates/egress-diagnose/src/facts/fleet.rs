//! The egresses of other clusters of the fleet, as far as they can be compared: ports, gateway and options.
//!
//! Knows which differences count. Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::intent::{GatewayName, GatewayTls, Intent, Layout};
use egress_core::port::Port;
use serde::{Deserialize, Serialize};

use crate::wording::list;

/// Another cluster of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherCluster {
    /// Its name.
    pub name: String,
    /// Its egresses, by `namespace/host`.
    pub egresses: BTreeMap<String, OtherEgress>,
    /// Why it could not be read completely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// An egress of one host in any cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherEgress {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: String,
    /// Its HTTP and TLS ports.
    pub ports: BTreeSet<Port>,
    /// The gateway's Service, if the objects name it.
    pub gateway: Option<GatewayName>,
    /// The options of `add`; none for hand-made objects.
    pub asked: Option<EgressOptions>,
}

/// The options of an egress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressOptions {
    /// Which objects.
    pub layout: Layout,
    /// How calls travel to the gateway.
    pub hop: GatewayTls,
    /// Which namespaces may call, as in `exportTo`.
    pub export_to: Vec<String>,
}

impl OtherCluster {
    /// The egress of a host in a namespace.
    pub(crate) fn egress(&self, namespace: &str, host: &str) -> Option<&OtherEgress> {
        self.egresses.get(&OtherEgress::key(namespace, host))
    }
}

impl OtherEgress {
    /// Its key among the egresses of its cluster.
    pub(crate) fn key(namespace: &str, host: &str) -> String {
        format!("{namespace}/{host}")
    }

    /// The differences to the egress here, as parts of a sentence. A value that only one of them has is no difference.
    pub(crate) fn differences(&self, here: &OtherEgress) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, there: String, here: String| {
            if there != here {
                found.push(format!("{what} {there} instead of {here}"));
            }
        };
        let ports =
            |egress: &OtherEgress| list(&egress.ports.iter().map(ToString::to_string).collect::<Vec<_>>());
        compare("ports", ports(self), ports(here));
        if let (Some(there), Some(here)) = (&self.gateway, &here.gateway) {
            compare("gateway", there.to_string(), here.to_string());
        }
        if let (Some(there), Some(here)) = (&self.asked, &here.asked) {
            compare("layout", there.layout.to_string(), here.layout.to_string());
            compare("hop", there.hop.to_string(), here.hop.to_string());
            compare("export to", there.callers(), here.callers());
        }
        found
    }
}

impl EgressOptions {
    pub(crate) fn of(intent: &Intent) -> Self {
        EgressOptions { layout: intent.layout, hop: intent.hop, export_to: intent.export_to.clone() }
    }

    /// The namespaces in alphabetical order, since their order has no meaning.
    fn callers(&self) -> String {
        let words: BTreeSet<&str> = self.export_to.iter().map(String::as_str).collect();
        list(&words.into_iter().map(str::to_owned).collect::<Vec<_>>())
    }
}

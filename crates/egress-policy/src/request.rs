//! What a policy is asked. The same fields as `types.request` of the interfaces, in the same words.
//!
//! Values are what the command and the cluster say. Which of them a policy gets to see, its needs decide. The nodes and the
//! egresses of a cluster may be thousands, and are the same for every question of a command: requests share them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::descriptor::Need;

/// Everything one command asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Request {
    /// `add`, `remove` or `audit`.
    pub verb: String,
    /// A host with two ports is two destinations.
    pub destinations: Vec<Destination>,
    /// The namespace whose pods call out.
    pub namespace: String,
    /// Who else may use the egress.
    pub export_to: Vec<String>,
    /// `shared` or `documented`.
    pub layout: String,
    /// The user's written reason.
    pub justification: Option<String>,
    /// The address of the API server; empty without a cluster.
    pub cluster: String,
    /// Canonical JSON of the policy's settings.
    pub settings: String,
    /// Whether the trace is wanted.
    pub explain: bool,
    /// See [`Need::NamespaceLabels`].
    pub namespace_labels: BTreeMap<String, String>,
    /// See [`Need::Nodes`].
    #[serde(with = "shared")]
    pub nodes: Arc<Vec<Node>>,
    /// See [`Need::Existing`].
    #[serde(with = "shared")]
    pub existing: Arc<Vec<ExistingEgress>>,
    /// See [`Need::User`].
    pub user: Option<String>,
    /// See [`Need::Groups`].
    pub groups: Vec<String>,
    /// See [`Need::Now`]. Seconds since 1970.
    pub now: Option<u64>,
    /// Open-ended input: a key in reverse DNS, and JSON.
    pub facts: BTreeMap<String, String>,
}

/// One host and port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Destination {
    /// Lower case, punycode, without a trailing dot.
    pub host: String,
    /// The port.
    pub port: u16,
    /// `HTTP` or `TLS`.
    pub protocol: String,
    /// `mtls`, `plain` or `passthrough`.
    pub route: String,
}

/// A node as a policy sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its condition Ready.
    pub ready: bool,
    /// Not cordoned.
    pub schedulable: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `key=value:Effect`
    pub taints: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
}

/// An egress that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ExistingEgress {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: String,
    /// `NAMESPACE/NAME` of the gateway's Service, where the objects tell.
    pub gateway: Option<String>,
    /// Made by this tool.
    pub managed: bool,
}

/// One object that is to be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Slot {
    /// Its place in the list.
    pub id: u32,
    /// The kind, or `Subset` for the subset's name inside a DestinationRule.
    pub kind: String,
    /// The part it plays, such as `mesh-leg`.
    pub role: String,
    /// The host it is for; none for the pair of a gateway.
    pub host: Option<String>,
    /// Where it lives.
    pub namespace: String,
    /// What it is called if nobody says otherwise.
    pub default_name: String,
    /// The longest name that is valid.
    pub max_length: u32,
}

impl Request {
    /// The request as one policy may see it: its settings, and nothing it did not ask for.
    #[must_use]
    pub fn for_policy(&self, needs: &[Need], settings: &str) -> Request {
        let mut seen = self.clone();
        settings.clone_into(&mut seen.settings);
        for need in Need::ALL.into_iter().filter(|need| !needs.contains(need)) {
            match need {
                Need::NamespaceLabels => seen.namespace_labels.clear(),
                Need::Nodes => seen.nodes = Arc::default(),
                Need::Existing => seen.existing = Arc::default(),
                Need::User => seen.user = None,
                Need::Groups => seen.groups.clear(),
                Need::Now => seen.now = None,
            }
        }
        seen
    }

    /// The request as a naming policy may see it: without all that changes from one run to the next, since an `add`
    /// finds the objects of the last one by their names.
    #[must_use]
    pub fn for_naming(&self, needs: &[Need], settings: &str) -> Request {
        let stable: Vec<Need> = needs.iter().copied().filter(|need| *need == Need::NamespaceLabels).collect();
        let seen = self.for_policy(&stable, settings);
        Request {
            verb: String::new(),
            cluster: String::new(),
            justification: None,
            facts: BTreeMap::new(),
            ..seen
        }
    }
}

/// A shared list is written like any other.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        list: &Arc<Vec<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        list.as_slice().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<Vec<T>>, D::Error> {
        Vec::deserialize(from).map(Arc::new)
    }
}

//! What a policy says of itself.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One question a policy may answer, and the interface that asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    /// Which hosts may be reached.
    Hosts,
    /// What the objects are called.
    Naming,
    /// On which nodes the traffic may leave.
    Pinning,
}

/// A fact that is read and sent only where a policy asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The labels of the callers' namespace.
    NamespaceLabels,
    /// The nodes, with labels.
    Nodes,
    /// The egresses that exist.
    Existing,
    /// Who the API server says the user is.
    User,
    /// The groups the API server says the user is in.
    Groups,
    /// The time.
    Now,
}

/// Who a policy is and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Descriptor {
    /// Kebab-case; what findings, lock files and annotations call the policy.
    pub id: String,
    /// Semver of the policy itself.
    pub version: String,
    /// One line.
    pub title: String,
    /// Where to read more.
    pub docs: Option<String>,
    /// What it wants to be told.
    pub needs: Vec<Need>,
    /// `add`, `remove`: what it judges; empty is `add`.
    pub verbs: Vec<String>,
    /// JSON Schema of its settings.
    pub settings_schema: Option<String>,
    /// Every code its findings may carry.
    pub rules: Vec<Rule>,
}

/// One code and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case.
    pub code: String,
    /// One line.
    pub title: String,
    /// Where to read more.
    pub docs: Option<String>,
}

impl Hook {
    /// Every hook.
    pub const ALL: [Hook; 3] = [Hook::Hosts, Hook::Naming, Hook::Pinning];

    /// The name of the interface, such as `hosts`.
    pub fn word(self) -> &'static str {
        match self {
            Hook::Hosts => "hosts",
            Hook::Naming => "naming",
            Hook::Pinning => "pinning",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Need {
    /// Every need.
    pub const ALL: [Need; 6] =
        [Need::NamespaceLabels, Need::Nodes, Need::Existing, Need::User, Need::Groups, Need::Now];

    /// The word in a descriptor, such as `namespace-labels`.
    pub fn word(self) -> &'static str {
        match self {
            Need::NamespaceLabels => "namespace-labels",
            Need::Nodes => "nodes",
            Need::Existing => "existing",
            Need::User => "user",
            Need::Groups => "groups",
            Need::Now => "now",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Descriptor {
    /// Whether it wants to be asked about this verb. What exists is audited as if it were added today.
    pub fn judges(&self, verb: &str) -> bool {
        let verb = if verb == "audit" { "add" } else { verb };
        (self.verbs.is_empty() && verb == "add") || self.verbs.iter().any(|judged| judged == verb)
    }
}

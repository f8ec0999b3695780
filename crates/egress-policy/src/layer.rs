//! Where policies are configured, and what holds where they say nothing.
//!
//! Knows ranks alone. What a lower layer may not do is in `policy_set`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a policy was configured. A higher layer is the greater one: what it forbids, no lower one allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// `--policy` on the command line.
    Flag,
    /// The user's own file.
    User,
    /// The repository the command runs in.
    Repository,
    /// The cluster's ConfigMap.
    Cluster,
}

/// What happens to a destination about which nobody says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It may be reached.
    #[default]
    Allow,
    /// It may not.
    Deny,
}

impl Layer {
    /// Every layer, the highest first.
    pub const ALL: [Layer; 4] = [Layer::Cluster, Layer::Repository, Layer::User, Layer::Flag];

    /// The word, such as `cluster`.
    pub fn word(self) -> &'static str {
        match self {
            Layer::Cluster => "cluster",
            Layer::Repository => "repository",
            Layer::User => "user",
            Layer::Flag => "flag",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

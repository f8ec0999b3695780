//! The input of a diagnosis: the cluster's facts and its Envoys' configuration.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::{Gap, Input};
use egress_core::proxy::ProxyView;
use egress_core::related_resources::RelatedResources;
use egress_core::snapshot::Snapshot;
use egress_policy::pinning::Pinning;
use serde::{Deserialize, Serialize};

use super::{OtherCluster, PodName};

/// Facts of one cluster at one moment.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// Objects, gateways, pods, nodes, and the gaps.
    pub snapshot: Snapshot,
    /// The objects around the egresses.
    pub related_resources: RelatedResources,
    /// Which kinds of facts are missing, and why. For all other kinds, an object that is not here does not exist.
    pub gaps: BTreeMap<Input, Gap>,
    /// The configuration of each Envoy that was read, or the reason why not.
    pub proxies: BTreeMap<PodName, Result<ProxyView, String>>,
    /// The policies' requirements for the gateway's nodes, or why the policies could not be asked.
    pub demands: Result<Demands, String>,
    /// The policies' objections to existing egresses, by namespace and host. No entry for an egress without policies,
    /// or if they could not be asked.
    pub refusals: BTreeMap<(String, String), Vec<PolicyRefusal>>,
    /// The user's write permissions in each requested namespace.
    pub rights: BTreeMap<String, Rights>,
    /// Other clusters of the same fleet.
    pub fleet: Vec<OtherCluster>,
}

/// A policy's objection to an existing egress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRefusal {
    /// The policy; empty if no policy allows the host.
    pub by: String,
    /// Its message.
    pub message: String,
    /// The policy's remediation.
    pub remediation: Option<String>,
}

/// Which of the writes of `add` and `remove` a user may do in a namespace, in the words of `kubectl auth can-i`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rights {
    /// Such as `create serviceentries.networking.istio.io`.
    pub held: BTreeSet<String>,
    /// The same for missing permissions.
    pub missing: BTreeSet<String>,
}

/// The policies' requirements for the nodes of each egress, by namespace and host. No entry means no requirement.
pub type Demands = BTreeMap<(String, String), Pinning>;

impl Default for ClusterFacts {
    fn default() -> Self {
        ClusterFacts {
            snapshot: Snapshot::default(),
            related_resources: RelatedResources::default(),
            gaps: BTreeMap::new(),
            proxies: BTreeMap::new(),
            demands: Ok(Demands::new()),
            refusals: BTreeMap::new(),
            rights: BTreeMap::new(),
            fleet: Vec::new(),
        }
    }
}

//! Everything a diagnosis is made from: the cluster's facts and what was seen in Envoys.
//!
//! Knows which Envoys a request needs. Knows nothing of how they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use egress_core::host::DnsName;
use egress_core::input::{Gap, Input};
use egress_core::policy::pinning::Pinning;
use egress_core::proxy::ProxyView;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};
use egress_core::surroundings::Surroundings;
use serde::{Deserialize, Serialize};

use crate::examine::in_question;
use crate::fleet::OtherCluster;
use crate::index::Index;
use crate::way::{is_gateway_pod, ways};

mod overlay;

/// Facts of one cluster at one moment.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Objects, gateways, pods, nodes, and what could not be read.
    pub snapshot: Snapshot,
    /// What lies around the egresses.
    pub surroundings: Surroundings,
    /// Which kinds of facts could not be had, and why; where nothing is said here, what is not there does not exist.
    pub gaps: BTreeMap<Input, Gap>,
    /// The configuration of each Envoy that was read, or the reason why not.
    pub proxies: BTreeMap<PodName, Result<ProxyView, String>>,
    /// What the policies demand of the gateway's nodes, or why they could not be asked.
    pub demands: Result<Demands, String>,
    /// What the policies say against egresses that exist, by namespace and host. An egress is missing here where there are no
    /// policies, and where they could not be asked.
    pub refusals: BTreeMap<(String, String), Vec<Refusal>>,
    /// What the user may write in each namespace that was asked about.
    pub rights: BTreeMap<String, Rights>,
    /// Other clusters of the same fleet.
    pub fleet: Vec<OtherCluster>,
}

/// A policy's word against an egress that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refusal {
    /// The policy; empty where none allows the host.
    pub by: String,
    /// What it says.
    pub message: String,
    /// What to do, as the policy says it.
    pub remediation: Option<String>,
}

/// What of all that `add` and `remove` write in a namespace a user may write, in the words of `kubectl auth can-i`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rights {
    /// Such as `create serviceentries.networking.istio.io`.
    pub held: BTreeSet<String>,
    /// The same, for what is refused.
    pub missing: BTreeSet<String>,
}

/// What the policies demand of the nodes of each egress, by namespace and host. One that is missing has no demands.
pub type Demands = BTreeMap<(String, String), Pinning>;

impl Default for Evidence {
    fn default() -> Self {
        Evidence {
            snapshot: Snapshot::default(),
            surroundings: Surroundings::default(),
            gaps: BTreeMap::new(),
            proxies: BTreeMap::new(),
            demands: Ok(Demands::new()),
            refusals: BTreeMap::new(),
            rights: BTreeMap::new(),
            fleet: Vec::new(),
        }
    }
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// These hosts; none means every host.
    pub hosts: Vec<DnsName>,
    /// In this namespace; none means in all of them.
    pub namespace: Option<String>,
    /// As this pod calls them; none means as one ready pod of each calling namespace does.
    pub client: Option<PodName>,
}

/// Which pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The pods whose Envoys a diagnosis wants to see: every ready pod of the gateways in question, and one ready client of
/// each namespace that calls.
pub fn wanted_proxies<'a>(snapshot: &'a Snapshot, request: &Request) -> Vec<&'a PodFacts> {
    let egresses = egress_core::inventory::egresses(snapshot);
    let ways = ways(snapshot, &Index::new(snapshot), &egresses, request);
    let callers: BTreeSet<&str> = ways.iter().flat_map(|way| &way.callers).map(String::as_str).collect();
    let gateway_pods =
        in_question(&snapshot.gateways, &ways, request).into_iter().flat_map(GatewayFacts::ready_pods);
    let clients =
        callers.into_iter().filter_map(|namespace| client_of(snapshot, namespace, request.client.as_ref()));
    gateway_pods.chain(clients).collect()
}

/// The pod that is read for all callers of a namespace: the chosen one, or the first ready one with a sidecar.
pub fn client_of<'a>(
    snapshot: &'a Snapshot,
    namespace: &str,
    chosen: Option<&PodName>,
) -> Option<&'a PodFacts> {
    if let Some(chosen) = chosen.filter(|chosen| chosen.namespace == namespace) {
        return snapshot.pods.iter().find(|pod| PodName::of(pod) == *chosen);
    }
    let speaks = |pod: &&PodFacts| {
        pod.namespace == namespace && pod.ready && pod.has_sidecar && !is_gateway_pod(snapshot, pod)
    };
    snapshot.pods.iter().find(speaks)
}

impl PodName {
    /// The name of a pod.
    pub fn of(pod: &PodFacts) -> Self {
        PodName { namespace: pod.namespace.clone(), name: pod.name.clone() }
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "pod/{} in namespace {}", self.name, self.namespace)
    }
}

//! The input of a diagnosis: the cluster's facts and its Envoys' configuration.
//!
//! Knows which Envoys a request needs, not how to read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use egress_core::host::DnsName;
use egress_core::input::{Gap, Input};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};
use egress_core::surroundings::Surroundings;
use egress_policy::pinning::Pinning;
use serde::{Deserialize, Serialize};

use crate::examine::in_question;
use crate::fleet::OtherCluster;
use crate::index::Index;
use crate::way::{is_gateway_pod, ways};

mod overlay;

/// Facts of one cluster at one moment.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Objects, gateways, pods, nodes, and the gaps.
    pub snapshot: Snapshot,
    /// The objects around the egresses.
    pub surroundings: Surroundings,
    /// Which kinds of facts are missing, and why. For all other kinds, an object that is not here does not exist.
    pub gaps: BTreeMap<Input, Gap>,
    /// The configuration of each Envoy that was read, or the reason why not.
    pub proxies: BTreeMap<PodName, Result<ProxyView, String>>,
    /// The policies' requirements for the gateway's nodes, or why the policies could not be asked.
    pub demands: Result<Demands, String>,
    /// The policies' objections to existing egresses, by namespace and host. No entry for an egress without policies,
    /// or if they could not be asked.
    pub refusals: BTreeMap<(String, String), Vec<Refusal>>,
    /// The user's write permissions in each requested namespace.
    pub rights: BTreeMap<String, Rights>,
    /// Other clusters of the same fleet.
    pub fleet: Vec<OtherCluster>,
}

/// A policy's objection to an existing egress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refusal {
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

/// The request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// These hosts; none means every host.
    pub hosts: Vec<DnsName>,
    /// In this namespace; none means in all of them.
    pub namespace: Option<String>,
    /// As this pod calls them; none means one ready pod of each caller namespace.
    pub client: Option<PodName>,
}

/// A pod's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The pods whose Envoys a diagnosis needs: every ready pod of the relevant gateways, and one ready client of each
/// caller namespace.
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

/// The pod that represents all callers of a namespace: the chosen one, or the first ready one with a sidecar.
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

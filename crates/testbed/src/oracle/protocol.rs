//! The lines that the oracle reads and writes. Knows nothing of the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::addresses::MeshAddress;
use super::envoy::{ClusterLoadAssignment, EnvoyCluster, EnvoyListener, RouteConfiguration};

/// One cluster, and the proxies whose configuration is wanted.
#[derive(Debug, Clone, Serialize)]
pub struct OracleRequest {
    /// The objects, as an API server has them. Kinds that istiod does not read are left out there.
    pub objects: Vec<Value>,
    /// The entry `mesh` of Istio's ConfigMap; empty where everything is as by default.
    pub mesh: String,
    /// The proxies.
    pub proxies: Vec<AskedProxy>,
}

/// A pod with an Envoy.
#[derive(Debug, Clone, Serialize)]
pub struct AskedProxy {
    /// `namespace/name` of a Pod among the objects.
    pub pod: String,
    /// What it is.
    pub kind: ProxyKind,
    /// What the agent says of itself, under Istio's names: `UNPRIVILEGED_POD`, `DNS_CAPTURE`, `NETWORK`, `CLUSTER_ID`. Labels
    /// and addresses come from the pod where they are not said.
    pub metadata: BTreeMap<String, Value>,
}

/// What a proxy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyKind {
    /// For one pod.
    Sidecar,
    /// A gateway of Istio.
    Gateway,
    /// A waypoint of ambient mode.
    Waypoint,
}

/// What istiod would do.
#[derive(Debug, Clone, Deserialize)]
pub struct OracleAnswer {
    /// What each proxy would get, by its pod: `namespace/name`.
    pub proxies: BTreeMap<String, ProxyConfiguration>,
    /// What ztunnels would get; nothing without ambient mode.
    #[serde(default)]
    pub addresses: Vec<MeshAddress>,
    /// The objects that istiod refuses; the answer is that for all others.
    pub rejected: Vec<RejectedObject>,
}

/// What one proxy gets.
#[derive(Debug, Clone, Deserialize)]
pub struct ProxyConfiguration {
    /// What the proxy is.
    pub kind: ProxyKind,
    pub(super) listeners: Vec<EnvoyListener>,
    pub(super) clusters: Vec<EnvoyCluster>,
    pub(super) routes: Vec<RouteConfiguration>,
    pub(super) endpoints: Vec<ClusterLoadAssignment>,
}

/// An object that istiod's validation refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RejectedObject {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What istiod says.
    pub reason: String,
}

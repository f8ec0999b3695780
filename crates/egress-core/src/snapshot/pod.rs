//! A pod as a fact: where it runs, whose it is, and what its proxy is told.
//!
//! Knows the shape of facts only.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::NodeDemand;

/// A pod.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own source")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodFacts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, as far as their key is one of Istio's (`…istio.io/…`), and what people accept about it.
    pub annotations: BTreeMap<String, String>,
    /// Its addresses.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The node it runs on.
    pub node: Option<String>,
    /// Its condition Ready, and not being deleted.
    pub ready: bool,
    /// It ran to its end, and sends nothing more.
    pub finished: bool,
    /// Istio's proxy runs beside an application: its calls pass through it. In a gateway the proxy is the application.
    pub has_sidecar: bool,
    /// `spec.hostNetwork`: its traffic is never captured.
    pub host_network: bool,
    /// Its service account; empty where none is named.
    pub service_account: String,
    /// What made it.
    pub owner: Option<Owner>,
    /// Istio's proxy in it.
    pub proxy: Option<ProxyFacts>,
    /// What the scheduler says where it finds no node for it.
    pub unschedulable: Option<String>,
    /// Init containers that run before its traffic is captured: what they call leaves as if there was no sidecar.
    pub early_containers: Vec<String>,
    /// Containers that run as the proxy's user, whose traffic is never captured.
    pub containers_as_proxy: Vec<String>,
    /// Forward proxies that its applications are told to use: environment variables such as `HTTPS_PROXY`.
    pub forward_proxies: BTreeMap<String, String>,
    /// The names that are called without them: the variables `no_proxy`, as they are written, of each container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_proxy: Vec<String>,
    /// Which nodes it must run on.
    #[serde(default, skip_serializing_if = "NodeDemand::is_empty")]
    pub node_demand: NodeDemand,
}

/// The controller of a pod, such as a `ReplicaSet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// The container of Istio's proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyFacts {
    /// Its image; `auto` where no webhook put one in.
    pub image: String,
    /// What it was started as.
    pub role: ProxyRole,
    /// It may not open ports below 1024: `ISTIO_META_UNPRIVILEGED_POD`.
    #[serde(default)]
    pub unprivileged: bool,
}

/// What a proxy was started as: the word after `proxy` in its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProxyRole {
    /// The arguments do not tell.
    #[default]
    Untold,
    /// Beside an application.
    Sidecar,
    /// A gateway.
    Router,
    /// A waypoint of ambient mode.
    Waypoint,
}

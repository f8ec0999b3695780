//! What one Envoy has, as far as an egress is concerned: the evidence behind "live".
//!
//! Knows routes, filter chains and clusters as data. How they are read from Envoy's admin port is in `egress-cluster`;
//! the parsing of what it prints is in [`dump`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub mod dump;

/// The relevant part of one Envoy's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyView {
    /// HTTP: every virtual host of every dynamic route table.
    pub virtual_hosts: Vec<VirtualHost>,
    /// TLS: every filter chain that is chosen by SNI.
    pub chains: Vec<SniChain>,
    /// Every cluster by name.
    pub clusters: BTreeMap<String, ClusterView>,
}

/// One cluster: where a route may lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterView {
    /// Endpoints Envoy knows: for a DNS cluster none until the name resolved.
    pub endpoints: usize,
    /// Endpoints it would send to.
    pub healthy: usize,
    /// Connections it ever opened.
    pub connections: u64,
    /// Connections that failed.
    pub connect_failures: u64,
}

/// The routes of one host in one route table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualHost {
    /// The route table: the port (`80`) in a sidecar, `https.80.<port name>.<gateway>.<namespace>` or `http.8080` at a gateway.
    pub table: String,
    /// The authorities it answers to.
    pub domains: BTreeSet<String>,
    /// Where its routes lead.
    pub clusters: BTreeSet<String>,
}

/// One filter chain chosen by SNI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SniChain {
    /// The listener's name, such as `0.0.0.0_443`.
    pub listener: String,
    /// The server names that choose the chain.
    pub server_names: BTreeSet<String>,
    /// Where it leads.
    pub clusters: BTreeSet<String>,
}

/// The name istiod gives a cluster: `outbound|<port>|<subset>|<host>`.
pub fn cluster_name(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

//! What one Envoy has, as far as an egress is concerned: the evidence behind "live".
//!
//! Knows routes, filter chains and clusters as data. How they are read from Envoy's admin port is in `egress-cluster`;
//! the parsing of what it prints is in [`dump`] and, for statistics and certificates, in [`counters`] and [`certificates`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use certificates::Certificate;

use crate::host::DnsName;
use crate::visibility::host_matches;

pub mod certificates;
pub mod counters;
pub mod dump;

/// The relevant part of one Envoy's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyView {
    /// HTTP: every virtual host of every dynamic route table.
    pub virtual_hosts: Vec<VirtualHost>,
    /// TLS: every filter chain that is chosen by SNI.
    pub chains: Vec<SniChain>,
    /// The names of the listeners that accept connections; empty if they were not read.
    #[serde(skip)]
    pub listeners: Option<BTreeSet<String>>,
    /// Every cluster by name.
    pub clusters: BTreeMap<String, ClusterView>,
    /// Whose clusters are and where they were told to send, by name; of those that were asked for.
    pub configured: BTreeMap<String, ClusterConfig>,
    /// What istiod sent and Envoy refused: it keeps what it had before.
    pub rejected: Vec<Rejected>,
    /// Secrets that Envoy asked istiod for and did not get. A cluster or listener that needs one is not in use.
    pub missing_secrets: BTreeSet<String>,
    /// Whether it is connected to istiod; none where Envoy does not say.
    pub connected: Option<bool>,
    /// The certificates that it shows of itself; none where they could not be told.
    pub certificates: Option<BTreeSet<Certificate>>,
}

/// A part of a configuration that Envoy refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rejected {
    /// Its name, such as the listener `0.0.0.0_8080`.
    pub name: String,
    /// What Envoy says against it.
    pub reason: String,
}

/// One cluster: where a route may lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterView {
    /// Endpoints Envoy knows: for a DNS cluster none until the name resolved.
    pub endpoints: usize,
    /// Endpoints it would send to.
    pub healthy: usize,
    /// Connections it ever opened.
    pub connections: u64,
    /// Connections that failed, on the way or in the TLS handshake.
    pub connect_failures: u64,
    /// HTTP requests it ever sent: many share a connection.
    pub requests: u64,
    /// The addresses of its endpoints, with their port: `192.0.2.1:443`.
    pub addresses: BTreeSet<String>,
    /// What Envoy counted beyond that. Istio's default is to keep no such counters: then there are none.
    pub counters: Counters,
}

/// What istiod told Envoy of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterConfig {
    /// The service that it was made of: `filter_metadata.istio.services`. None where istiod does not write it
    /// (`PILOT_ENABLE_TELEMETRY_LABEL=false`).
    pub service: Option<ServiceName>,
    /// The kind of its discovery: `STRICT_DNS` and `LOGICAL_DNS` ask a name server, for `EDS` istiod tells addresses.
    pub discovery: String,
    /// What it was told to send to, as `edition.cnn.com:443`; empty where istiod tells addresses as they come.
    pub targets: BTreeSet<String>,
}

/// A service of the mesh: of a ServiceEntry or of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceName {
    /// Its host.
    pub host: String,
    /// The namespace of the object that declares it.
    pub namespace: String,
}

/// Counters of a cluster that Envoy keeps only where it is told to (`proxyStatsMatcher`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    /// `upstream_cx_connect_timeout`: connections that were not answered in time.
    pub connect_timeouts: Option<u64>,
    /// `ssl.fail_verify_error`, `ssl.fail_verify_san`: handshakes in which Envoy refused the server's certificate.
    pub certificates_refused: Option<u64>,
    /// `ssl.connection_error`: handshakes that failed for another reason.
    pub handshakes_failed: Option<u64>,
    /// `upstream_cx_destroy_remote_with_active_rq`: connections that the host closed while a request was under way.
    pub closed_in_use: Option<u64>,
}

/// The routes of one host in one route table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualHost {
    /// The route table: the port (`80`) in a sidecar, `https.80.<port name>.<gateway>.<namespace>` or `http.8080` at a gateway.
    pub table: String,
    /// The authorities it answers to.
    pub domains: BTreeSet<String>,
    /// Where the routes lead that some request can reach.
    pub clusters: BTreeSet<String>,
    /// Where routes lead that no request reaches, because one before them takes all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub behind: BTreeSet<String>,
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

impl ProxyView {
    /// The clusters that the routes and filter chains of these hosts lead to, and the one of calls let out directly.
    pub fn destinations(&self, hosts: &[DnsName]) -> BTreeSet<&str> {
        let is_asked = |pattern: &String| {
            let name = pattern.split_once(':').map_or(pattern.as_str(), |(name, _)| name);
            hosts.iter().any(|host| host_matches(name, host.as_str()))
        };
        let routes = self.virtual_hosts.iter().map(|host| (&host.domains, &host.clusters));
        let chains = self.chains.iter().map(|chain| (&chain.server_names, &chain.clusters));
        let asked = routes.chain(chains).filter(|(names, _)| names.iter().any(is_asked));
        asked.flat_map(|(_, clusters)| clusters).map(String::as_str).chain([PASSTHROUGH]).collect()
    }
}

/// The cluster of calls that a sidecar lets out directly, to the address that the application dialled.
pub const PASSTHROUGH: &str = "PassthroughCluster";

/// The name istiod gives a cluster: `outbound|<port>|<subset>|<host>`.
pub fn cluster_name(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

/// The port and the host in the name of a cluster that istiod made for a service.
pub fn port_and_host(cluster: &str) -> Option<(u16, &str)> {
    let mut words = cluster.strip_prefix("outbound|")?.splitn(3, '|');
    let (port, _subset, host) = (words.next()?, words.next()?, words.next()?);
    Some((port.parse().ok()?, host))
}

//! Parsing of what Envoy's admin port prints: `/config_dump?resource=…` and `/clusters?format=json`.
//!
//! Reads only the fields that an egress needs; everything else is skipped without being built.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use super::{ClusterView, Rejected, SniChain, VirtualHost};
use reach::RouteMatch;

mod reach;

mod configured;

pub use configured::configured;

/// Envoy answered something that is not its own format.
#[derive(Debug, Error)]
#[error("Envoy's answer could not be parsed: {0}")]
pub struct DumpError(#[from] serde_json::Error);

/// Reads `/config_dump?resource=dynamic_route_configs`.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn route_configs(text: &[u8]) -> Result<Vec<VirtualHost>, DumpError> {
    let dump: Dump<DynamicRoute> = serde_json::from_slice(text)?;
    let tables = dump.configs.into_iter().filter_map(|config| config.route_config);
    Ok(tables
        .flat_map(|table| {
            let name = table.name;
            table.virtual_hosts.into_iter().map(move |host| host.view(&name))
        })
        .collect())
}

/// What is read of listeners.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// The names of those that take connections. One that only drains has no more say, though its route tables stay as
    /// they were until it is gone, which takes 45 seconds by default.
    pub active: BTreeSet<String>,
    /// The filter chains that are chosen by SNI.
    pub chains: Vec<SniChain>,
    /// Those that Envoy refused.
    pub rejected: Vec<Rejected>,
}

/// Reads `/config_dump?resource=dynamic_listeners`.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn listeners(text: &[u8]) -> Result<Listeners, DumpError> {
    let dump: Dump<DynamicListener> = serde_json::from_slice(text)?;
    let Listeners { mut active, mut chains, mut rejected } = Listeners::default();
    for config in dump.configs {
        // The same refusal is told once more without a name.
        if let Some(refusal) = config.error_state.filter(|_| !config.name.is_empty()) {
            rejected.push(Rejected { name: config.name.clone(), reason: refusal.details });
        }
        let Some(listener) = config.active_state.and_then(|state| state.listener) else { continue };
        active.insert(config.name.clone());
        for chain in listener.filter_chains {
            let server_names =
                chain.filter_chain_match.map(|matched| matched.server_names).unwrap_or_default();
            if !server_names.is_empty() {
                let clusters = chain.filters.into_iter().flat_map(Filter::clusters).collect();
                chains.push(SniChain { listener: config.name.clone(), server_names, clusters });
            }
        }
    }
    Ok(Listeners { active, chains, rejected })
}

/// Reads `/config_dump?resource=dynamic_warming_secrets`: the names of Secrets that did not come.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn missing_secrets(text: &[u8]) -> Result<BTreeSet<String>, DumpError> {
    let dump: Dump<DynamicSecret> = serde_json::from_slice(text)?;
    Ok(dump.configs.into_iter().map(|secret| secret.name).collect())
}

/// Reads `/clusters?format=json`.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn clusters(text: &[u8]) -> Result<BTreeMap<String, ClusterView>, DumpError> {
    let statuses: ClusterStatuses = serde_json::from_slice(text)?;
    Ok(statuses.cluster_statuses.into_iter().map(|status| (status.name.clone(), status.view())).collect())
}

#[derive(Deserialize)]
struct Dump<T> {
    #[serde(default = "Vec::new")]
    configs: Vec<T>,
}

#[derive(Deserialize)]
struct DynamicRoute {
    route_config: Option<RouteTable>,
}

#[derive(Deserialize)]
struct RouteTable {
    #[serde(default)]
    name: String,
    #[serde(default)]
    virtual_hosts: Vec<VirtualHostDump>,
}

/// A virtual host as Envoy dumps it.
#[derive(Deserialize)]
struct VirtualHostDump {
    #[serde(default)]
    domains: BTreeSet<String>,
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Deserialize)]
struct Route {
    #[serde(default, rename = "match")]
    matched: RouteMatch,
    route: Option<ClusterSpecifier>,
}

/// The clusters that an HTTP route or a TCP proxy sends to.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ClusterSpecifier {
    cluster: Option<String>,
    weighted_clusters: Option<WeightedClusters>,
}

#[derive(Deserialize)]
struct WeightedClusters {
    #[serde(default)]
    clusters: Vec<WeightedCluster>,
}

#[derive(Deserialize)]
struct WeightedCluster {
    name: String,
}

#[derive(Deserialize)]
struct DynamicListener {
    #[serde(default)]
    name: String,
    active_state: Option<ListenerState>,
    error_state: Option<UpdateFailure>,
}

/// Why Envoy rejected an update.
#[derive(Deserialize)]
struct UpdateFailure {
    #[serde(default)]
    details: String,
}

#[derive(Deserialize)]
struct DynamicSecret {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct ListenerState {
    listener: Option<Listener>,
}

#[derive(Deserialize)]
struct Listener {
    #[serde(default)]
    filter_chains: Vec<FilterChain>,
}

#[derive(Deserialize)]
struct FilterChain {
    filter_chain_match: Option<FilterChainMatch>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
struct FilterChainMatch {
    #[serde(default)]
    server_names: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    name: String,
    typed_config: Option<TypedConfig>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TypedConfig {
    Destination(ClusterSpecifier),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct ClusterStatuses {
    #[serde(default)]
    cluster_statuses: Vec<ClusterStatus>,
}

#[derive(Deserialize)]
struct ClusterStatus {
    name: String,
    #[serde(default)]
    host_statuses: Vec<HostStatus>,
}

#[derive(Deserialize)]
struct HostStatus {
    address: Option<Address>,
    #[serde(default)]
    stats: Vec<Statistic>,
    #[serde(default)]
    health_status: HealthStatus,
}

#[derive(Deserialize)]
struct Address {
    socket_address: Option<SocketAddress>,
}

#[derive(Deserialize)]
struct SocketAddress {
    #[serde(default)]
    address: String,
    #[serde(default)]
    port_value: u16,
}

#[derive(Deserialize)]
struct Statistic {
    name: String,
    /// A 64-bit number, which protobuf's JSON writes as a string; absent when zero.
    #[serde(default)]
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HealthStatus {
    #[serde(rename = "eds_health_status")]
    by_discovery: Option<String>,
    failed_active_health_check: bool,
    failed_outlier_check: bool,
}

impl ClusterSpecifier {
    fn clusters(self) -> impl Iterator<Item = String> {
        let weighted = self.weighted_clusters.into_iter().flat_map(|weighted| weighted.clusters);
        self.cluster.into_iter().chain(weighted.map(|cluster| cluster.name))
    }
}

impl VirtualHostDump {
    fn view(self, table: &str) -> VirtualHost {
        let last = self.routes.iter().position(|route| route.matched.takes_all());
        let asked = last.map_or(self.routes.len(), |last| last + 1);
        let mut routes = self.routes.into_iter();
        let clusters = routes.by_ref().take(asked).flat_map(Route::clusters).collect();
        let behind = routes.flat_map(Route::clusters).collect();
        VirtualHost { table: table.to_owned(), domains: self.domains, clusters, behind }
    }
}

impl Route {
    fn clusters(self) -> Vec<String> {
        self.route.into_iter().flat_map(ClusterSpecifier::clusters).collect()
    }
}

impl Filter {
    fn clusters(self) -> Vec<String> {
        match (self.name.as_str(), self.typed_config) {
            ("envoy.filters.network.tcp_proxy", Some(TypedConfig::Destination(destination))) => {
                destination.clusters().collect()
            }
            _ => Vec::new(),
        }
    }
}

impl ClusterStatus {
    fn view(self) -> ClusterView {
        let mut view = ClusterView { endpoints: self.host_statuses.len(), ..ClusterView::default() };
        for host in &self.host_statuses {
            view.healthy += usize::from(host.health_status.is_healthy());
            view.connections += host.statistic("cx_total");
            view.connect_failures += host.statistic("cx_connect_fail");
            view.requests += host.statistic("rq_total");
            view.addresses.extend(host.address());
        }
        view
    }
}

impl HostStatus {
    fn address(&self) -> Option<String> {
        self.address.as_ref()?.text()
    }

    fn statistic(&self, name: &str) -> u64 {
        let found = self.stats.iter().find(|statistic| statistic.name == name);
        found.and_then(|statistic| statistic.value.parse().ok()).unwrap_or_default()
    }
}

impl Address {
    fn text(&self) -> Option<String> {
        let socket = self.socket_address.as_ref()?;
        Some(format!("{}:{}", socket.address, socket.port_value))
    }
}

impl HealthStatus {
    fn is_healthy(&self) -> bool {
        let known = matches!(self.by_discovery.as_deref(), None | Some("HEALTHY" | "UNKNOWN"));
        known && !self.failed_active_health_check && !self.failed_outlier_check
    }
}

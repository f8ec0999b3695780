//! Envoy's configuration, as far as it says where a connection goes: listeners and their filter chains.
//!
//! The names are Envoy's own; what is not read is left out. Knows nothing of how it is read.

mod cluster;
mod route;

use std::net::IpAddr;

use serde::Deserialize;

pub(crate) use self::{
    cluster::{
        ClusterDiscovery, ClusterLoadAssignment, EnvoyAddress, EnvoyCluster, LbEndpoint, TlsContext,
        TransportSocket, TransportSocketConfig,
    },
    route::{
        EnvoyHeaderMatch, EnvoyRoute, EnvoyRouteMatch, EnvoyStringMatch, EnvoyVirtualHost,
        EnvoyWeightedClusters, RouteConfiguration, TlsRequirement,
    },
};

/// `envoy.config.listener.v3.Listener`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyListener {
    pub(crate) name: String,
    pub(crate) address: Option<EnvoyAddress>,
    #[serde(default)]
    pub(crate) additional_addresses: Vec<AdditionalAddress>,
    #[serde(default)]
    pub(crate) filter_chains: Vec<EnvoyFilterChain>,
    pub(crate) default_filter_chain: Option<EnvoyFilterChain>,
    #[serde(default)]
    pub(crate) listener_filters: Vec<ListenerFilter>,
    pub(crate) bind_to_port: Option<bool>,
    /// A tree that chooses the chain by its name.
    #[serde(default)]
    pub(crate) filter_chain_matcher: serde_json::Value,
}

/// `envoy.config.listener.v3.AdditionalAddress`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AdditionalAddress {
    pub(crate) address: EnvoyAddress,
}

/// `envoy.config.listener.v3.ListenerFilter`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListenerFilter {
    pub(crate) name: String,
    pub(crate) filter_disabled: Option<MatchPredicate>,
}

/// `envoy.config.listener.v3.ListenerFilterChainMatchPredicate`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MatchPredicate {
    OrMatch(PredicateSet),
    AndMatch(PredicateSet),
    NotMatch(Box<MatchPredicate>),
    AnyMatch(bool),
    DestinationPortRange(PortRange),
}

/// `MatchSet` of the predicate.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PredicateSet {
    pub(crate) rules: Vec<MatchPredicate>,
}

/// `envoy.type.v3.Int32Range`, without its end.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PortRange {
    #[serde(default)]
    pub(crate) start: u32,
    #[serde(default)]
    pub(crate) end: u32,
}

/// `envoy.config.listener.v3.FilterChain`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyFilterChain {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) filter_chain_match: ChainMatch,
    #[serde(default)]
    pub(crate) filters: Vec<NetworkFilter>,
    pub(crate) transport_socket: Option<TransportSocket>,
    #[serde(default)]
    pub(crate) metadata: ConfigMetadata,
}

/// `envoy.config.listener.v3.FilterChainMatch`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChainMatch {
    pub(crate) destination_port: Option<u16>,
    pub(crate) prefix_ranges: Vec<CidrRange>,
    pub(crate) server_names: Vec<String>,
    pub(crate) transport_protocol: String,
    pub(crate) application_protocols: Vec<String>,
    pub(crate) direct_source_prefix_ranges: Vec<CidrRange>,
    pub(crate) source_type: SourceType,
    pub(crate) source_prefix_ranges: Vec<CidrRange>,
}

/// `FilterChainMatch.ConnectionSourceType`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SourceType {
    #[default]
    Any,
    SameIpOrLoopback,
    External,
}

/// `envoy.config.core.v3.CidrRange`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CidrRange {
    pub(crate) address_prefix: IpAddr,
    #[serde(default)]
    pub(crate) prefix_len: u8,
}

/// `envoy.config.listener.v3.Filter`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkFilter {
    pub(crate) name: String,
    pub(crate) typed_config: Option<FilterConfig>,
}

/// The filters that decide where a connection goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "@type")]
pub(crate) enum FilterConfig {
    #[serde(
        rename = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    )]
    Http(HttpConnectionManager),
    #[serde(rename = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy")]
    Tcp(TcpProxy),
    #[serde(
        rename = "type.googleapis.com/envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig"
    )]
    SniDynamicForwardProxy(SniDynamicForwardProxy),
    #[serde(rename = "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC")]
    Rbac(RbacFilter),
    #[serde(rename = "type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz")]
    ExternalAuthorization,
    #[serde(other)]
    Other,
}

/// `envoy.extensions.filters.network.rbac.v3.RBAC`, and that of HTTP.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RbacFilter {
    /// `envoy.config.rbac.v3.RBAC`; none where nothing is enforced.
    pub(crate) rules: Option<serde_json::Value>,
}

/// The filters of requests that decide whether they pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "@type")]
pub(crate) enum HttpFilterConfig {
    #[serde(rename = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC")]
    Rbac(RbacFilter),
    #[serde(rename = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz")]
    ExternalAuthorization,
    #[serde(other)]
    Other,
}

/// `HttpFilter`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpFilter {
    pub(crate) typed_config: Option<HttpFilterConfig>,
}

/// Where the filter's name that comes with TLS is resolved.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SniDynamicForwardProxy {
    pub(crate) port_value: Option<u16>,
}

/// The filter of HTTP: `rds` or `route_config` has the routes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpConnectionManager {
    pub(crate) rds: Option<Rds>,
    #[serde(default)]
    pub(crate) http_filters: Vec<HttpFilter>,
    pub(crate) route_config: Option<RouteConfiguration>,
}

/// Routes of another message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rds {
    pub(crate) route_config_name: String,
}

/// The filter of everything else.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TcpProxy {
    pub(crate) cluster: Option<String>,
    pub(crate) weighted_clusters: Option<EnvoyWeightedClusters>,
}

/// `envoy.config.core.v3.Metadata`: what istiod writes for people, and what chooses a transport socket.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConfigMetadata {
    pub(crate) filter_metadata: FilterMetadata,
}

/// Its parts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FilterMetadata {
    pub(crate) istio: IstioMetadata,
    #[serde(rename = "envoy.transport_socket_match")]
    pub(crate) transport_socket_match: serde_json::Map<String, serde_json::Value>,
}

/// What istiod says of where a part comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IstioMetadata {
    /// The path of the object that it comes from: `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/cnn`.
    pub(crate) config: Option<String>,
    pub(crate) services: Vec<IstioService>,
}

/// A service of a cluster.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IstioService {
    pub(crate) namespace: Option<String>,
}

impl ConfigMetadata {
    /// The object of a kind that this comes from, `namespace/name`; `kind` is that of istiod's paths, `virtual-service`.
    pub(crate) fn object(&self, kind: &str) -> Option<String> {
        let path = self.filter_metadata.istio.config.as_deref()?;
        let (_, rest) = path.split_once("/namespaces/")?;
        let mut parts = rest.splitn(3, '/');
        let (namespace, found, name) = (parts.next()?, parts.next()?, parts.next()?);
        (found == kind).then(|| format!("{namespace}/{name}"))
    }
}

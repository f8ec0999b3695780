//! Envoy's clusters, their endpoints and the TLS around a connection.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ConfigMetadata;

/// `envoy.config.cluster.v3.Cluster`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyCluster {
    pub(crate) name: String,
    #[serde(rename = "type", default)]
    pub(crate) discovery: ClusterDiscovery,
    pub(crate) cluster_type: Option<CustomClusterType>,
    pub(crate) eds_cluster_config: Option<EdsClusterConfig>,
    pub(crate) load_assignment: Option<ClusterLoadAssignment>,
    pub(crate) original_dst_lb_config: Option<OriginalDstLbConfig>,
    pub(crate) transport_socket: Option<TransportSocket>,
    #[serde(default)]
    pub(crate) transport_socket_matches: Vec<TransportSocketMatch>,
    #[serde(default)]
    pub(crate) typed_extension_protocol_options: ProtocolOptions,
    #[serde(default)]
    pub(crate) metadata: ConfigMetadata,
}

/// `Cluster.DiscoveryType`; static is the value that protojson does not write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ClusterDiscovery {
    #[default]
    Static,
    StrictDns,
    LogicalDns,
    Eds,
    OriginalDst,
}

/// A cluster whose kind is an extension.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CustomClusterType {
    pub(crate) name: String,
}

/// `Cluster.EdsClusterConfig`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EdsClusterConfig {
    pub(crate) service_name: Option<String>,
}

/// `Cluster.OriginalDstLbConfig`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OriginalDstLbConfig {
    pub(crate) upstream_port_override: Option<u16>,
}

/// What a cluster says about its protocol, by the extension's name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProtocolOptions {
    #[serde(rename = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions")]
    pub(crate) http: HttpOptions,
}

/// `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpOptions {
    pub(crate) upstream_http_protocol_options: UpstreamHttpOptions,
}

/// `envoy.config.core.v3.UpstreamHttpProtocolOptions`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpstreamHttpOptions {
    pub(crate) auto_sni: bool,
}

/// `envoy.config.endpoint.v3.ClusterLoadAssignment`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterLoadAssignment {
    #[serde(default)]
    pub(crate) cluster_name: String,
    #[serde(default)]
    pub(crate) endpoints: Vec<LocalityEndpoints>,
}

/// `envoy.config.endpoint.v3.LocalityLbEndpoints`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocalityEndpoints {
    #[serde(default)]
    pub(crate) lb_endpoints: Vec<LbEndpoint>,
    #[serde(default)]
    pub(crate) priority: u32,
}

/// `envoy.config.endpoint.v3.LbEndpoint`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LbEndpoint {
    pub(crate) endpoint: EnvoyEndpoint,
    #[serde(default)]
    pub(crate) health_status: HealthStatus,
    #[serde(default)]
    pub(crate) metadata: ConfigMetadata,
}

/// `envoy.config.core.v3.HealthStatus`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum HealthStatus {
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
    Draining,
    Timeout,
    Degraded,
}

impl HealthStatus {
    /// Whether calls come to the endpoint.
    pub(crate) fn is_used(self) -> bool {
        !matches!(self, Self::Unhealthy | Self::Draining | Self::Timeout)
    }
}

/// `envoy.config.endpoint.v3.Endpoint`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EnvoyEndpoint {
    pub(crate) address: EnvoyAddress,
}

/// `envoy.config.core.v3.Address`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EnvoyAddress {
    #[serde(rename_all = "camelCase")]
    SocketAddress {
        address: String,
        #[serde(default)]
        port_value: u16,
    },
    #[serde(rename_all = "camelCase")]
    EnvoyInternalAddress {
        server_listener_name: String,
        #[serde(default)]
        endpoint_id: String,
    },
    Pipe {
        path: String,
    },
}

/// `envoy.config.core.v3.TransportSocket`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransportSocket {
    pub(crate) typed_config: Option<TransportSocketConfig>,
}

/// `Cluster.TransportSocketMatch`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransportSocketMatch {
    #[serde(rename = "match", default)]
    pub(crate) wanted: Map<String, Value>,
    pub(crate) transport_socket: TransportSocket,
}

/// TLS, or none.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "@type")]
pub(crate) enum TransportSocketConfig {
    #[serde(rename = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")]
    Upstream(TlsContext),
    #[serde(rename = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext")]
    Downstream(TlsContext),
    #[serde(
        rename = "type.googleapis.com/envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport"
    )]
    Internal(InternalUpstreamTransport),
    #[serde(other)]
    Other,
}

/// `envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InternalUpstreamTransport {
    pub(crate) transport_socket: Box<TransportSocket>,
}

/// `UpstreamTlsContext` and `DownstreamTlsContext`, as far as they are the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsContext {
    #[serde(rename = "commonTlsContext", default)]
    pub(crate) common: CommonTlsContext,
    #[serde(default)]
    pub(crate) sni: String,
    #[serde(default)]
    pub(crate) require_client_certificate: bool,
}

/// `CommonTlsContext`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CommonTlsContext {
    pub(crate) alpn_protocols: Vec<String>,
    pub(crate) tls_certificate_sds_secret_configs: Vec<SdsSecretConfig>,
}

/// `SdsSecretConfig`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SdsSecretConfig {
    pub(crate) name: String,
}

impl TlsContext {
    /// Whether the certificate is that of the workload in the mesh, which every proxy gets under this name.
    pub(crate) fn is_mesh(&self) -> bool {
        self.common.tls_certificate_sds_secret_configs.iter().any(|config| config.name == "default")
    }
}

//! Where a proxy sends a connection: clusters and their endpoints.

use std::{collections::BTreeSet, net::SocketAddr};

use serde_json::{Map, Value};

use super::{
    connection::{Content, OpenedConnection},
    hosts,
};
use crate::oracle::{
    envoy::{
        ClusterDiscovery, ClusterLoadAssignment, EnvoyAddress, EnvoyCluster, EnvoyFilterChain, LbEndpoint,
        TcpProxy, TransportSocket,
    },
    protocol::ProxyConfiguration,
};

/// istiod's cluster without an endpoint, for what a sidecar must not send.
pub(super) const BLOCKED: &str = "BlackHoleCluster";

/// istiod's listener that puts HBONE around connections.
const ORIGINATES: &str = "connect_originate";

/// A cluster that a chain or a route chose.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// Its name.
    pub(super) cluster: String,
    /// The VirtualService that chose it: `namespace/name`.
    pub(super) rule: Option<String>,
    /// The authority of the request that is sent; none where bytes are passed on.
    pub(super) authority: Option<String>,
    /// The port of a cluster that resolves the name in TLS.
    pub(super) name_port: Option<u16>,
}

/// One endpoint of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) socket: Option<TransportSocket>,
    /// The listener of the proxy itself that puts HBONE around it.
    pub(super) tunnel: Option<String>,
}

/// The clusters of a filter for bytes.
pub(super) fn of_tcp(tcp: &TcpProxy, named: Option<&str>, chain: &EnvoyFilterChain) -> Vec<Destination> {
    let one = |cluster: &str| Destination {
        cluster: cluster.to_owned(),
        rule: chain.metadata.object("virtual-service"),
        authority: None,
        name_port: None,
    };
    let weighted = tcp.weighted_clusters.iter().flat_map(|weighted| &weighted.clusters);
    match named.or(tcp.cluster.as_deref()) {
        Some(cluster) => vec![one(cluster)],
        None => weighted.filter(|cluster| cluster.weight > 0).map(|cluster| one(&cluster.name)).collect(),
    }
}

/// The namespace of the service that a cluster was made of.
pub(super) fn service_namespace(cluster: &EnvoyCluster) -> Option<String> {
    cluster.metadata.filter_metadata.istio.services.first()?.namespace.clone()
}

/// Where a cluster sends a connection.
pub(super) fn targets(
    proxy: &ProxyConfiguration,
    cluster: &EnvoyCluster,
    connection: &OpenedConnection,
    content: &Content,
    name_port: Option<u16>,
) -> Vec<Target> {
    let socket = socket(cluster, &Map::new());
    if cluster.cluster_type.as_ref().is_some_and(|kind| kind.name == "envoy.clusters.dynamic_forward_proxy") {
        return by_name(content, name_port, socket);
    }
    match cluster.discovery {
        ClusterDiscovery::OriginalDst => {
            let other =
                cluster.original_dst_lb_config.as_ref().and_then(|config| config.upstream_port_override);
            let port = other.filter(|port| *port != 0).unwrap_or(connection.port);
            vec![Target { host: connection.address.to_string(), port, socket, tunnel: None }]
        }
        ClusterDiscovery::Eds => {
            let service = cluster.eds_cluster_config.as_ref().and_then(|config| config.service_name.as_ref());
            let wanted = service.unwrap_or(&cluster.name);
            let found = proxy.endpoints.iter().find(|assignment| assignment.cluster_name == *wanted);
            endpoints(cluster, found)
        }
        ClusterDiscovery::Static | ClusterDiscovery::StrictDns | ClusterDiscovery::LogicalDns => {
            endpoints(cluster, cluster.load_assignment.as_ref())
        }
    }
}

/// A cluster that resolves the name which the client says.
fn by_name(content: &Content, name_port: Option<u16>, socket: Option<TransportSocket>) -> Vec<Target> {
    let (host, port) = match content {
        Content::Http { authority } => {
            let usual = if super::tls::context(socket.as_ref()).is_some() { 443 } else { 80 };
            (hosts::without_port(authority), hosts::port(authority).unwrap_or(usual))
        }
        Content::Tls { .. } => (content.server_name().unwrap_or_default(), name_port.unwrap_or(443)),
        Content::Bytes => return Vec::new(),
    };
    if host.is_empty() {
        return Vec::new();
    }
    vec![Target { host: host.to_owned(), port, socket, tunnel: None }]
}

/// The endpoints of the first priority that has any.
fn endpoints(cluster: &EnvoyCluster, assignment: Option<&ClusterLoadAssignment>) -> Vec<Target> {
    let localities = assignment.map(|assignment| assignment.endpoints.as_slice()).unwrap_or_default();
    let priorities: BTreeSet<_> = localities.iter().map(|locality| locality.priority).collect();
    priorities
        .into_iter()
        .map(|priority| {
            let used = localities.iter().filter(|locality| locality.priority == priority);
            let endpoints = used.flat_map(|locality| &locality.lb_endpoints);
            endpoints
                .filter(|endpoint| endpoint.health_status.is_used())
                .map(|endpoint| target(cluster, endpoint))
                .collect()
        })
        .find(|targets: &Vec<_>| !targets.is_empty())
        .unwrap_or_default()
}

fn target(cluster: &EnvoyCluster, endpoint: &LbEndpoint) -> Target {
    let mut tunnel = None;
    let (host, port) = match &endpoint.endpoint.address {
        EnvoyAddress::SocketAddress { address, port_value } => (address.clone(), *port_value),
        EnvoyAddress::EnvoyInternalAddress { server_listener_name, endpoint_id } => {
            match endpoint_id.parse::<SocketAddr>() {
                Ok(address) if server_listener_name == ORIGINATES => {
                    tunnel = Some(server_listener_name.clone());
                    (address.ip().to_string(), address.port())
                }
                _ => (format!("envoy://{server_listener_name}/{endpoint_id}"), 0),
            }
        }
        EnvoyAddress::Pipe { path } => (path.clone(), 0),
    };
    let labels = &endpoint.metadata.filter_metadata.transport_socket_match;
    Target { host, port, socket: socket(cluster, labels), tunnel }
}

/// The first match whose labels the endpoint has, else the cluster's own.
fn socket(cluster: &EnvoyCluster, labels: &Map<String, Value>) -> Option<TransportSocket> {
    let fits =
        |wanted: &Map<String, Value>| wanted.iter().all(|(name, value)| labels.get(name) == Some(value));
    let found = cluster.transport_socket_matches.iter().find(|socket| fits(&socket.wanted));
    found.map(|found| found.transport_socket.clone()).or_else(|| cluster.transport_socket.clone())
}

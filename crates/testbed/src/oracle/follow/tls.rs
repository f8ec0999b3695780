//! The TLS that a proxy ends and the TLS that it opens.

use egress_core::istio::call::Tls;

use super::{
    connection::{Content, Hello},
    hosts,
};
use crate::oracle::envoy::{EnvoyCluster, TlsContext, TransportSocket, TransportSocketConfig};

/// The TLS of a transport socket.
pub(super) fn context(socket: Option<&TransportSocket>) -> Option<&TlsContext> {
    match socket?.typed_config.as_ref()? {
        TransportSocketConfig::Upstream(context) | TransportSocketConfig::Downstream(context) => {
            Some(context)
        }
        TransportSocketConfig::Internal(internal) => context(Some(&internal.transport_socket)),
        TransportSocketConfig::Other => None,
    }
}

/// What a filter chain gets to read; none where the handshake fails. A client of the mesh trusts only the mesh, and a server
/// that asks for certificates of the mesh trusts no others.
pub(super) fn accept(socket: Option<&TransportSocket>, content: Content) -> Option<Content> {
    let Some(tls) = context(socket) else { return Some(content) };
    let Content::Tls { hello, inside } = content else { return None };
    let is_trusted =
        if tls.is_mesh() { hello.is_mesh || !tls.require_client_certificate } else { !hello.is_mesh };
    is_trusted.then_some(*inside)
}

/// What is sent to an endpoint, and the TLS around it.
pub(super) fn open(
    cluster: &EnvoyCluster,
    socket: Option<&TransportSocket>,
    content: Content,
) -> (Content, Option<Tls>) {
    let Some(tls) = context(socket) else { return (content, None) };
    let options = &cluster.typed_extension_protocol_options.http.upstream_http_protocol_options;
    let server_name = match (&content, tls.sni.as_str()) {
        (Content::Http { authority }, "") if options.auto_sni => {
            Some(hosts::without_port(authority).to_owned())
        }
        (_, "") => None,
        (_, name) => Some(name.to_owned()),
    };
    let is_mesh = tls.is_mesh();
    let hello = Hello {
        server_name: server_name.as_ref().map(|name| name.to_lowercase()),
        protocols: tls.common.alpn_protocols.clone(),
        is_mesh,
    };
    (Content::Tls { hello, inside: Box::new(content) }, Some(Tls { is_mesh, server_name }))
}

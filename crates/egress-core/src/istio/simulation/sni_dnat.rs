//! Servers of mode `AUTO_PASSTHROUGH`: connections of the mesh's mTLS go on to the service that their server name says.
//!
//! Follows `builtAutoPassthroughFilterChains` in `pilot/pkg/networking/core/gateway.go`, `buildOutboundSniDnatClusters` in
//! `cluster.go`, and `EndpointsWithMTLSFilter` in `pilot/pkg/xds/endpoints/ep_filters.go`.

use super::chain::{ChainThen, ListenerChain};
use super::cluster::{ClusterEnds, ClusterKey, ProxyCluster, cluster, mtls_is_disabled};
use super::endpoint::Endpoint;
use super::host_name::is_subset;
use super::scope::ProxyScope;
use crate::istio::call::Refusal;
use crate::istio::client_tls::{ClientTls, Mode};
use crate::istio::protocol::PortProtocol;

/// The filter chains of a server with these hosts: one for each port and subset of each service of the mesh below them.
pub(super) fn chains<'w>(scope: &ProxyScope<'w>, hosts: &[String]) -> Vec<ListenerChain<'w>> {
    let mut found = Vec::new();
    for known in scope.services() {
        let service = known.service;
        if service.is_external || !hosts.iter().any(|host| is_subset(&service.host, host)) {
            continue;
        }
        let rules = scope.rules(service);
        for port in known.ports.iter().filter(|port| port.protocol != PortProtocol::Udp) {
            let subsets = rules.subsets().map(|name| Some(name.to_owned()));
            for subset in [None].into_iter().chain(subsets) {
                let key = ClusterKey { host: service.host.to_string(), port: port.number, subset };
                found.push(ListenerChain {
                    ranges: Vec::new(),
                    names: vec![key.mesh_name()],
                    is_for_http: false,
                    ends_tls: None,
                    service: None,
                    then: ChainThen::SniDnat(key),
                });
            }
        }
    }
    found
}

/// The cluster of such a chain. It opens no TLS, and has only endpoints that expect the mesh's.
pub(super) fn sni_dnat_cluster<'w>(
    scope: &ProxyScope<'w>,
    key: &ClusterKey,
) -> Result<ProxyCluster<'w>, Refusal> {
    let mut found = cluster(scope, key)?;
    let opened =
        scope.rules(found.service).tls(key.subset.as_deref(), key.port).map(|tls: ClientTls<'_>| tls.mode);
    let is_off = mtls_is_disabled(scope, found.service);
    let expects = |endpoint: &Endpoint| match opened {
        _ if !endpoint.speaks_mesh_mtls => false,
        Some(mode) => mode == Mode::IstioMutual,
        None => !is_off,
    };
    match &mut found.ends {
        ClusterEnds::Endpoints(endpoints) => {
            endpoints.retain(|(endpoint, _)| expects(endpoint));
            for (_, tls) in endpoints {
                *tls = None;
            }
        }
        ClusterEnds::Original { tls, .. } | ClusterEnds::ByName { tls } => *tls = None,
    }
    Ok(found)
}

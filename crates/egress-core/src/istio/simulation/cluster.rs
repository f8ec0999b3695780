//! The cluster that a rule leads to: whether the proxy has it, its endpoints, and the TLS it opens.
//!
//! Follows `buildOutboundClusters` in `pilot/pkg/networking/core/cluster.go`, and `cluster_builder.go` and `cluster_tls.go`
//! beside it. Knows nothing of which rule leads there.

use egress_istio::peer_authentication::PeerAuthenticationMtlsMode;

use super::endpoint::{Endpoint, endpoints, endpoints_of_number};
use super::scope::{KnownService, ProxyScope};
use super::service::{MeshResolution, MeshService};
use crate::istio::call::{Refusal, Tls};
use crate::istio::client_tls::{ClientTls, DestinationRules, Mode};
use crate::istio::protocol::PortProtocol;
use crate::proxy::{cluster_name, port_and_host};
use crate::resource::Resource;

/// Where a rule leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClusterKey {
    /// The host in full.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) subset: Option<String>,
}

/// A cluster of a proxy.
pub(super) struct ProxyCluster<'w> {
    pub(super) service: &'w MeshService<'w>,
    /// The oldest DestinationRule of those it obeys.
    pub(super) rule: Option<&'w Resource>,
    pub(super) ends: ClusterEnds,
}

/// Where the connections of a cluster go.
pub(super) enum ClusterEnds {
    /// To the address that the application called, on this port where it is another.
    Original { port: Option<u16>, tls: Option<Tls> },
    /// To the host that the request or the `ClientHello` names.
    ByName { tls: Option<Tls> },
    /// To one of these, each with the TLS that is opened to it.
    Endpoints(Vec<(Endpoint, Option<Tls>)>),
}

impl ClusterKey {
    /// The key of a name in Envoy.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (port, host) = port_and_host(name)?;
        let subset = name.split('|').nth(2).filter(|subset| !subset.is_empty());
        Some(ClusterKey { host: host.to_owned(), port, subset: subset.map(str::to_owned) })
    }

    /// The name in Envoy. A backend of a route that may not be used has no host. `GetDestinationCluster` in
    /// `pilot/pkg/networking/core/route/route.go`.
    pub(super) fn name(&self) -> String {
        if self.host.is_empty() {
            return "UnknownService".to_owned();
        }
        cluster_name(self.port, self.subset.as_deref().unwrap_or_default(), &self.host)
    }

    /// The server name of the mesh for it. `BuildDNSSrvSubsetKey` in `pilot/pkg/model/service.go`.
    pub(super) fn mesh_name(&self) -> String {
        format!("outbound_.{}_.{}_.{}", self.port, self.subset.as_deref().unwrap_or_default(), self.host)
    }
}

/// The cluster of a proxy with this key.
///
/// # Errors
/// The proxy has none.
pub(super) fn cluster<'w>(scope: &ProxyScope<'w>, key: &ClusterKey) -> Result<ProxyCluster<'w>, Refusal> {
    let known = scope.service(&key.host).filter(|known| known.service.resolution != MeshResolution::Alias);
    let known: &KnownService<'w> = known.ok_or(Refusal::NoCluster)?;
    let port =
        known.port(key.port).filter(|port| port.protocol != PortProtocol::Udp).ok_or(Refusal::NoCluster)?;
    let service = known.service;
    let rules = scope.rules(service);
    if !rules.has(key.subset.as_deref()) {
        return Err(Refusal::NoCluster);
    }
    let rule = rules.all.first().copied();
    let is_dynamic = service.resolution == MeshResolution::DynamicDns;
    if is_dynamic {
        let wild = service.host.starts_with('*');
        let carried = matches!(
            port.protocol,
            PortProtocol::Http | PortProtocol::Tls | PortProtocol::Grpc | PortProtocol::Http2
        );
        if wild && (!carried || key.subset.is_some()) {
            return Err(Refusal::NoCluster);
        }
    }
    let opened = rules.tls(key.subset.as_deref(), key.port);
    let settings = TlsSettings { scope, key, service, opened, rules: &rules };
    let is_by_name = is_dynamic && service.host.starts_with('*');
    if is_by_name {
        return Ok(ProxyCluster {
            service,
            rule,
            ends: ClusterEnds::ByName { tls: settings.to(TlsTarget::Name) },
        });
    }
    let asks_dns = service.resolution.asks_dns();
    let all = if asks_dns {
        endpoints_of_number(scope.world, service, key.port)
    } else {
        endpoints(scope.world, service, port)
    };
    // Envoy resolves these itself: istiod leaves out a cluster without names, and its subsets with it.
    if asks_dns && all.is_empty() {
        return Err(Refusal::NoCluster);
    }
    let subset = key.subset.as_deref();
    let keeps = service.resolution == MeshResolution::Original && !scope.is_gateway;
    if keeps || rules.passes_through(subset, key.port) {
        let is_made_so = keeps || rules.says_passthrough(subset);
        let port = service.target_of(key.port).filter(|_| is_made_so);
        return Ok(ProxyCluster {
            service,
            rule,
            ends: ClusterEnds::Original { port, tls: settings.to(TlsTarget::Original) },
        });
    }
    let wanted = subset.and_then(|name| rules.subset(name)).and_then(|subset| subset.labels.as_ref());
    let found: Vec<Endpoint> = all
        .into_iter()
        .filter(|endpoint| {
            wanted.into_iter().flatten().all(|(key, value)| endpoint.labels.get(key) == Some(value))
        })
        .collect();
    if asks_dns && found.is_empty() {
        return Err(Refusal::NoCluster);
    }
    // Where istiod sends the endpoints, names are none.
    let is_usable = |endpoint: &Endpoint| asks_dns || endpoint.address.parse::<std::net::IpAddr>().is_ok();
    let ends = found.into_iter().filter(is_usable).map(|endpoint| {
        let tls = settings.to(TlsTarget::Endpoint(&endpoint));
        (endpoint, tls)
    });
    Ok(ProxyCluster { service, rule, ends: ClusterEnds::Endpoints(ends.collect()) })
}

/// What decides the TLS of a cluster.
struct TlsSettings<'q, 'w> {
    scope: &'q ProxyScope<'w>,
    key: &'q ClusterKey,
    service: &'w MeshService<'w>,
    opened: Option<ClientTls<'w>>,
    rules: &'q DestinationRules<'w>,
}

/// Where a connection of a cluster goes.
#[derive(Clone, Copy)]
enum TlsTarget<'q> {
    Endpoint(&'q Endpoint),
    /// Where the application called.
    Original,
    /// To the host that is named.
    Name,
}

impl TlsSettings<'_, '_> {
    /// The TLS that is opened.
    fn to(&self, target: TlsTarget<'_>) -> Option<Tls> {
        let Some(opened) = &self.opened else {
            return self.automatic(target);
        };
        match (opened.mode, target) {
            (Mode::Disable, _) => None,
            // HBONE stands for it. `applyHBONETransportSocketMatches`.
            (Mode::IstioMutual, TlsTarget::Endpoint(it)) if self.scope.world.takes_hbone(it, false) => None,
            (Mode::IstioMutual, _) => Some(self.of_mesh(opened.sni)),
            (Mode::Simple | Mode::Mutual, _) => {
                let selects = |rule: &&Resource| {
                    rule.destination_rule().is_some_and(|spec| spec.workload_selector.is_some())
                };
                // A sidecar takes no Secret by a rule that is for everybody: it then opens no TLS at all.
                // `buildUpstreamClusterTLSContext`.
                let of_secret = opened.credential_name.is_some_and(|name| !name.starts_with("configmap://"));
                if of_secret && !self.scope.is_gateway && !self.rules.all.iter().any(selects) {
                    return None;
                }
                Some(Tls { is_mesh: false, server_name: opened.sni.map(str::to_owned) })
            }
        }
    }

    /// mTLS of the mesh that nobody asked for: to endpoints that speak it, and to wherever the application called.
    /// `buildUpstreamTLSSettings` and `applyUpstreamTLSSettings`.
    fn automatic(&self, target: TlsTarget<'_>) -> Option<Tls> {
        let world = self.scope.world;
        let may_speak = match target {
            TlsTarget::Endpoint(endpoint) => endpoint.speaks_mesh_mtls,
            TlsTarget::Original => true,
            TlsTarget::Name => false,
        };
        if !may_speak
            || self.service.is_external
            || !world.mesh.auto_mtls
            || mtls_is_disabled(self.scope, self.service)
            || !self.all_speak_where_asked()
        {
            return None;
        }
        Some(self.of_mesh(None))
    }

    /// Where connections keep their destination by what the service or the rule says itself, all endpoints must speak mTLS.
    /// `BestEffortInferServiceMTLSMode` in `pilot/pkg/model/push_context.go`.
    fn all_speak_where_asked(&self) -> bool {
        let asks = self.service.resolution == MeshResolution::Original
            || self.rules.asks_all_endpoints(self.key.subset.as_deref());
        if !asks {
            return true;
        }
        let all = endpoints_of_number(self.scope.world, self.service, self.key.port);
        !all.is_empty() && all.iter().all(|endpoint| endpoint.speaks_mesh_mtls)
    }

    fn of_mesh(&self, sni: Option<&str>) -> Tls {
        let server_name = sni.map_or_else(|| self.key.mesh_name(), str::to_owned);
        Tls { is_mesh: true, server_name: Some(server_name) }
    }
}

/// Whether the PeerAuthentications of a service's namespace, or of the mesh, turn mTLS off.
/// `GetNamespaceMutualTLSMode` in `pilot/pkg/model/authentication.go`: of several of a namespace the oldest counts.
pub(super) fn mtls_is_disabled(scope: &ProxyScope<'_>, service: &MeshService<'_>) -> bool {
    let world = scope.world;
    let said = |namespace: &str| {
        let mut all: Vec<_> = world
            .related
            .peer_authentications
            .iter()
            .filter(|policy| policy.namespace == namespace && policy.spec.selector.is_none())
            .collect();
        all.sort_by_key(|policy| (policy.created.is_none(), policy.created, &policy.name));
        let mode =
            all.first().and_then(|policy| policy.spec.mtls.as_ref()).and_then(|mtls| mtls.mode.clone());
        mode.filter(|mode| *mode != PeerAuthenticationMtlsMode::Unset)
    };
    let mode = said(service.namespace).or_else(|| said(&world.mesh.root_namespace));
    mode == Some(PeerAuthenticationMtlsMode::Disable)
}

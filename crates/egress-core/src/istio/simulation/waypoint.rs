//! A waypoint: the filter chains for the services that it takes calls for, their routes and their clusters.
//!
//! Follows `buildWaypointInternal` in `pilot/pkg/networking/core/listener_waypoint.go`, `waypointInboundRoute` beside it, and
//! `buildWaypointInboundVIP` in `cluster_waypoint.go`. Calls to pods instead of services are not known here.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::ambient::ambient_addresses;
use super::chain::{ChainThen, ListenerChain, ListenerChains, RouteTable};
use super::cluster::{ClusterEnds, ClusterKey, ProxyCluster, cluster};
use super::host_index::RouteList;
use super::http_match::PlainRequest;
use super::http_rules::{HttpRule, RuleContext, rules};
use super::scope::ProxyScope;
use super::service::{MeshPort, MeshResolution, MeshService};
use super::tcp_rules::{TcpContext, clusters, is_named, matching};
use super::virtual_host::without_port;
use crate::istio::call::{Refusal, Tls};
use crate::istio::protocol::{ListenerProtocol, PortProtocol};
use crate::resource::Resource;
use crate::visibility::destination_rule::full_host;
use crate::visibility::virtual_service::MESH;

/// What a waypoint does with a request.
pub(super) enum WaypointRoute<'w> {
    /// This rule takes it.
    Rule(HttpRule<'w>),
    /// It goes to the service itself.
    Service(ClusterKey),
    /// No rule takes it.
    None,
}

/// What leads to a cluster of a waypoint.
#[derive(Clone, Copy, Debug)]
pub(super) enum LedBy {
    /// A rule of a VirtualService: where the protocol is found out, for requests in every case.
    Rule,
    /// The chain of a service without a rule.
    Chain { is_for_http: bool },
}

/// The chains for calls to this address and port, by these VirtualServices; none where the waypoint takes none.
pub(super) fn chains<'w>(
    scope: &ProxyScope<'w>,
    routes: &RouteList<'w>,
    address: IpAddr,
    port: u16,
) -> Option<ListenerChains<'w>> {
    let width = |service: &MeshService<'_>| {
        let fitting = |text: &String| {
            let range = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
            range.contains(&address).then(|| range.prefix_len())
        };
        ambient_addresses(service).iter().filter_map(fitting).max()
    };
    // The narrowest range first, and the next one where that has not the port: the matcher of addresses in Envoy.
    let mut named: Vec<_> =
        scope.waypoint.iter().filter_map(|service| Some((width(service)?, *service))).collect();
    named.sort_by_key(|(width, _)| Reverse(*width));
    let named = named.into_iter().map(|(_, service)| service);
    let mut listening = named.filter_map(|service| Some((service, port_of(service, port)?)));
    let (service, listened) = listening.next()?;
    let kind = listened.protocol.listener();
    let chain = |is_for_http, then| ListenerChain {
        ranges: Vec::new(),
        names: Vec::new(),
        is_for_http,
        ends_tls: None,
        service: Some(service),
        then,
    };
    let http =
        chain(kind == ListenerProtocol::Auto, ChainThen::Http(RouteTable::Waypoint(&service.host, port)));
    let tcp = || {
        let (rule, clusters) = connections(scope, routes, service, port);
        chain(false, ChainThen::Tcp(rule, clusters))
    };
    Some(ListenerChains::new(match kind {
        ListenerProtocol::Http => vec![http],
        ListenerProtocol::Auto => vec![http, tcp()],
        ListenerProtocol::Tcp | ListenerProtocol::Nothing => vec![tcp()],
    }))
}

/// Whether the waypoint looks for server names on a port: some service has TLS there.
pub(super) fn looks(scope: &ProxyScope<'_>, port: u16) -> bool {
    let mut ports = scope.waypoint.iter().flat_map(|service| &service.ports);
    ports.any(|one| one.number == port && one.protocol.is_tls())
}

fn port_of<'w>(service: &'w MeshService<'w>, number: u16) -> Option<&'w MeshPort<'w>> {
    service.ports.iter().find(|port| port.number == number && port.protocol != PortProtocol::Udp)
}

/// The VirtualServices for a service: of its own namespace, or of the waypoint's. `getVirtualServiceForWaypoint`.
fn virtual_services<'w>(
    scope: &ProxyScope<'w>,
    routes: &RouteList<'w>,
    service: &MeshService<'w>,
) -> Vec<&'w Resource> {
    let own = scope.pod.namespace.as_str();
    let is_near = |resource: &&Resource| {
        let owner = &resource.id.namespace;
        owner == own || owner == service.namespace
    };
    routes.about(&service.host).filter(is_near).collect()
}

/// Where connections go, and by which VirtualService: by rules for TLS whose only server name is the service's host, by those
/// for TCP, else to the service. `getWaypointTCPRoutes`.
fn connections<'w>(
    scope: &ProxyScope<'w>,
    routes: &RouteList<'w>,
    service: &MeshService<'w>,
    port: u16,
) -> (Option<&'w Resource>, Vec<ClusterKey>) {
    let routes = virtual_services(scope, routes, service);
    let context = TcpContext { scope, port };
    let host = service.host.as_ref();
    for resource in &routes {
        for rule in resource.virtual_service().into_iter().flat_map(|spec| spec.tls.iter().flatten()) {
            let takes = rule.r#match.is_empty()
                || rule.r#match.iter().any(|one| {
                    one.sni_hosts == [host]
                        && is_unlimited(one.source_labels.as_ref(), one.source_namespace.as_deref())
                        && is_named(MESH, port, resource, &matching(one))
                });
            if let Some(all) = rule.route.as_deref().filter(|all| takes && !all.is_empty()) {
                let to = all.iter().map(|route| ((&route.destination).into(), route.weight));
                return (Some(*resource), clusters(&context, resource, to));
            }
        }
    }
    for resource in &routes {
        for rule in resource.virtual_service().into_iter().flat_map(|spec| spec.tcp.iter().flatten()) {
            let all = rule.r#match.as_deref().unwrap_or_default();
            let takes = all.is_empty()
                || all.iter().any(|one| {
                    is_unlimited(one.source_labels.as_ref(), one.source_namespace.as_deref())
                        && is_named(MESH, port, resource, &matching(one))
                });
            if let Some(all) = rule.route.as_deref().filter(|all| takes && !all.is_empty()) {
                let to = all.iter().map(|route| ((&route.destination).into(), route.weight));
                return (Some(*resource), clusters(&context, resource, to));
            }
        }
    }
    (None, vec![ClusterKey { host: host.to_owned(), port, subset: None }])
}

/// A waypoint knows neither the labels nor the namespace of callers: rules that ask for them take nothing.
fn is_unlimited(
    labels: Option<&std::collections::BTreeMap<String, String>>,
    namespace: Option<&str>,
) -> bool {
    labels.is_none_or(std::collections::BTreeMap::is_empty) && namespace.is_none_or(str::is_empty)
}

/// The route of a request to a service of the waypoint.
pub(super) fn route<'w>(
    scope: &ProxyScope<'w>,
    routes: &RouteList<'w>,
    host: &str,
    port: u16,
    request: PlainRequest<'_>,
) -> WaypointRoute<'w> {
    let Some(service) = scope.waypoint.iter().copied().find(|service| service.host == host) else {
        return WaypointRoute::None;
    };
    // So that nobody reaches other names through a service that asks DNS for each. `buildRouteVHostDomains`.
    let authority = without_port(request.authority).to_ascii_lowercase();
    let fits = host
        .strip_prefix('*')
        .map_or(authority == host, |tail| authority.len() > tail.len() && authority.ends_with(tail));
    if service.resolution == MeshResolution::DynamicDns && !fits {
        return WaypointRoute::None;
    }
    let context = RuleContext {
        world: scope.world,
        pod: scope.pod,
        gateway: MESH,
        port,
        service: &|host, _| scope.seen_service(host).cloned(),
    };
    let all = virtual_services(scope, routes, service);
    let all: Vec<_> = all.into_iter().flat_map(|resource| rules(&context, resource, request)).collect();
    if all.is_empty() {
        return WaypointRoute::Service(ClusterKey { host: host.to_owned(), port, subset: None });
    }
    all.into_iter().find(|rule| rule.takes).map_or(WaypointRoute::None, WaypointRoute::Rule)
}

/// The name of the cluster that a rule or a chain leads to, and the cluster: of a service of the waypoint one that opens no
/// mTLS, of others only what its rules lead to. `getWaypointDestinationCluster`.
pub(super) fn waypoint_cluster<'w>(
    scope: &ProxyScope<'w>,
    references: &HashSet<String>,
    key: &ClusterKey,
    leads: LedBy,
) -> (String, Result<ProxyCluster<'w>, Refusal>) {
    let own = scope.waypoint.iter().find(|service| service.host == key.host);
    if own.is_none() && scope.service(&key.host).is_some() {
        let found =
            if references.contains(&key.host) { cluster(scope, key) } else { Err(Refusal::NoCluster) };
        return (key.name(), found);
    }
    let is_seen = scope.seen_service(&key.host).is_some();
    let port = own.and_then(|service| port_of(service, key.port));
    let is_for_tcp = matches!(
        port.map(|port| port.protocol.listener()),
        Some(ListenerProtocol::Tcp | ListenerProtocol::Nothing)
    );
    let is_sniffed = port.is_some_and(|port| port.protocol.listener() == ListenerProtocol::Auto);
    let is_tcp = match leads {
        LedBy::Rule => is_seen && is_for_tcp,
        LedBy::Chain { is_for_http } => is_for_tcp || (is_sniffed && !is_for_http),
    };
    let kind = if is_tcp { "tcp" } else { "http" };
    let subset = key.subset.as_ref().map(|subset| format!("/{subset}")).unwrap_or_default();
    let name = format!("inbound-vip|{}|{kind}{subset}|{}", key.port, key.host);
    // istiod takes what it does not know for a service of the waypoint.
    let Some(service) = own.filter(|_| kind == "tcp" || !is_for_tcp) else {
        return (name, Err(Refusal::NoCluster));
    };
    let own = |tls: Option<Tls>| tls.filter(|tls| !tls.is_mesh);
    let found = cluster(scope, key).map(|found| {
        let rules = scope.rules(service);
        // A rule that says nothing about traffic leaves no trace.
        let says = |subset| rules.policy(subset).is_some_and(|(_, _, policy)| !policy.is_null());
        let has_policy = says(None) || says(key.subset.as_deref());
        let ends = match found.ends {
            ClusterEnds::Original { port, tls } => ClusterEnds::Original { port, tls: own(tls) },
            ClusterEnds::ByName { tls } => ClusterEnds::ByName { tls: own(tls) },
            // Endpoints are sent only of services that the proxy's namespace sees. `NewEndpointBuilder` in
            // `pilot/pkg/xds/endpoints/endpoint_builder.go`.
            ClusterEnds::Endpoints(_) if !is_seen && !service.resolution.asks_dns() => {
                ClusterEnds::Endpoints(Vec::new())
            }
            ClusterEnds::Endpoints(all) => {
                ClusterEnds::Endpoints(all.into_iter().map(|(endpoint, tls)| (endpoint, own(tls))).collect())
            }
        };
        ProxyCluster { rule: found.rule.filter(|_| has_policy), ends, ..found }
    });
    (name, found)
}

/// The hosts that VirtualServices for services of the waypoint lead to: it has clusters of no others.
/// `filterWaypointOutboundServices`.
pub(super) fn references(scope: &ProxyScope<'_>) -> HashSet<String> {
    let mesh = scope.world.mesh;
    let mut found = HashSet::new();
    for resource in
        scope.waypoint.iter().flat_map(|service| scope.world.virtual_services.about(&service.host))
    {
        let owner = &resource.id.namespace;
        let Some(spec) = resource.virtual_service() else { continue };
        let gateways = spec.gateways.as_deref().unwrap_or_default();
        let is_for_mesh = gateways.is_empty() || gateways.iter().any(|name| name == MESH);
        let is_for_service = |name: &String| {
            let name = full_host(name, owner, mesh);
            scope.waypoint.iter().any(|service| service.host == name)
        };
        if !is_for_mesh || !spec.hosts.iter().flatten().any(is_for_service) {
            continue;
        }
        // Delegates are part of what refers to them.
        let http = scope.world.merged_rules.of(resource).iter().flat_map(|rule| rule.route.iter().flatten());
        let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
        let tcp = spec.tcp.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
        let to = http
            .map(|route| &route.destination.host)
            .chain(tls.map(|route| &route.destination.host))
            .chain(tcp.map(|route| &route.destination.host));
        found.extend(to.map(|name| full_host(name, owner, mesh)));
    }
    found
}

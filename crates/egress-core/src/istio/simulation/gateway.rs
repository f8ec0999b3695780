//! The listeners of a gateway's pod: which servers of Gateway objects it has on a port, and their filter chains.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go` and `buildGatewayListeners` in
//! `pilot/pkg/networking/core/gateway.go`. Knows nothing of requests.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use egress_istio::gateway::GatewayServersTlsMode;

use super::chain::{ChainThen, EndsTls, ListenerChain, ListenerChains, RouteTable};
use super::gateway_routes::GatewayHosts;
use super::gateway_rules::{by_name, tcp_route};
use super::gateway_server::GatewayServer;
use super::scope::ProxyScope;
use super::service_targets::{ServiceTarget, service_targets, target};
use super::sni_dnat;
use crate::istio::protocol::PortProtocol;
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::ServiceFacts;

/// The chains on a port of the pod with these servers; none where nothing listens.
pub(super) fn chains<'w>(
    scope: &ProxyScope<'w>,
    servers: &[ServerGroup<'w>],
    port: u16,
) -> Option<ListenerChains<'w>> {
    let is_unprivileged = scope.pod.proxy.as_ref().is_some_and(|proxy| proxy.unprivileged);
    if is_unprivileged && port < 1024 {
        return None;
    }
    let mut found = Vec::new();
    let mut known: HashMap<String, HashSet<String>> = HashMap::new();
    for group in servers.iter().filter(|group| group.port == port && group.is_on_pod(scope)) {
        if group.protocol.is_http() {
            found.push(ListenerChain {
                ranges: Vec::new(),
                names: Vec::new(),
                is_for_http: false,
                ends_tls: None,
                service: None,
                then: ChainThen::Http(RouteTable::Servers(Arc::new(GatewayHosts::of(scope, &group.servers)))),
            });
            continue;
        }
        for server in &group.servers {
            found.extend(of_server(scope, server, &mut known));
        }
    }
    // Of two chains for everything the first counts here.
    let mut has_rest = false;
    found.retain(|chain| !(chain.takes_all() && std::mem::replace(&mut has_rest, true)));
    (!found.is_empty()).then(|| ListenerChains::new(found))
}

/// A server that a pod has, and the port of the pod that it is opened on.
#[derive(Clone, Debug)]
pub struct OpenedServer<'w> {
    /// Its Gateway object.
    pub gateway: &'w Resource,
    /// Its place in `spec.servers`.
    pub index: usize,
    /// Its port in the object.
    pub number: i64,
    /// The port of the pod.
    pub pod_port: u16,
    /// The Service or ServiceEntry that translates one into the other: `namespace/name`.
    pub service: Option<String>,
    /// The rules that it follows: `http`, `tls` or `tcp`.
    pub follows: &'static str,
}

/// The servers of a gateway's pod, each with what opened it.
pub(super) fn opened<'w>(scope: &ProxyScope<'w>, servers: &[ServerGroup<'w>]) -> Vec<OpenedServer<'w>> {
    let targets = service_targets(scope);
    let all = servers.iter().flat_map(|group| group.servers.iter().map(move |server| (group.port, server)));
    let opened = |(pod_port, server): (u16, &GatewayServer<'w>)| {
        let number = server.spec.port.number;
        let own_services = named_services(server.object);
        let target = match &own_services {
            Some(names) => targets.iter().find(|target| target.is_of(names, number)),
            None => target(&targets, number),
        };
        let service = target.map(|target| target.service.source.id());
        OpenedServer {
            gateway: server.object,
            index: server.index,
            number,
            pod_port,
            service: service.map(|(_, namespace, name)| format!("{namespace}/{name}")),
            follows: match server.is_http() {
                true => "http",
                false if server.passes_through() => "tls",
                false => "tcp",
            },
        }
    };
    all.map(opened).collect()
}

/// Servers that share a listener.
pub(super) struct ServerGroup<'w> {
    port: u16,
    /// As it is written: `HTTPS` and `TLS` are two groups of one listener.
    written: &'w str,
    protocol: PortProtocol,
    bind: &'w str,
    servers: Vec<GatewayServer<'w>>,
}

impl ServerGroup<'_> {
    /// Whether it takes connections to the address of the pod.
    fn is_on_pod(&self, scope: &ProxyScope<'_>) -> bool {
        self.bind.is_empty()
            || self.bind == "0.0.0.0"
            || scope.pod.addresses.iter().any(|own| own == self.bind)
    }
}

/// The servers of all Gateway objects for the pod, oldest first, without those that istiod leaves out.
pub(super) fn merge<'w>(scope: &ProxyScope<'w>) -> Vec<ServerGroup<'w>> {
    let targets = service_targets(scope);
    let mut groups: Vec<ServerGroup<'w>> = Vec::new();
    let mut ports: HashSet<u16> = HashSet::new();
    // Of each port the first plaintext server.
    let mut plaintext: HashMap<u16, (PortProtocol, &'w str)> = HashMap::new();
    let mut routes: HashSet<String> = HashSet::new();
    let mut names: HashMap<u16, BTreeMap<String, &'w str>> = HashMap::new();
    let mut binds: HashSet<(u16, &'w str)> = HashSet::new();
    let all = servers(scope).flat_map(|server| {
        let ports = pod_ports(&targets, &server);
        ports.into_iter().map(move |port| (server, port))
    });
    for (server, port) in all {
        let spec = server.spec;
        let bind = spec.bind.as_deref().unwrap_or_default();
        let protocol = PortProtocol::parse(&spec.port.protocol);
        let route = server.route_name(port);
        if spec.tls.is_some() {
            let known = names.entry(port).or_default();
            let hosts = server.hosts();
            if hosts.iter().any(|host| known.get(host) == Some(&bind)) {
                continue;
            }
            known.extend(hosts.into_iter().map(|host| (host, bind)));
        }
        let is_new = ports.insert(port);
        if !is_new {
            if let Some((first, first_bind)) = plaintext.get(&port).copied() {
                let fits = protocol.is_http() && (first.is_http() || first == protocol);
                if first_bind == bind && (!fits || route.is_none()) {
                    continue;
                }
            } else if server.is_tls() {
                if server.is_http() {
                    // Two servers of one object with one port name cannot be told apart.
                    match &route {
                        Some(route) if routes.contains(route) => continue,
                        Some(_) => {}
                        None => continue,
                    }
                }
                let is_new_bind = binds.insert((port, bind));
                if spec.tls.is_none() && !is_new_bind {
                    continue;
                }
            }
        }
        let is_plaintext = !server.is_tls();
        // The first plaintext server of a port says what may follow; a later one on another address says it anew.
        let joins = !is_new && plaintext.get(&port).is_some_and(|(_, first_bind)| *first_bind == bind);
        if let Some(route) = route.filter(|_| server.is_http()) {
            routes.insert(route);
        }
        let found = groups.iter_mut().find(|group| {
            group.port == port
                && group.bind == bind
                && (group.written == spec.port.protocol || (joins && group.protocol.is_http()))
        });
        match found {
            // On a port that has no plaintext yet, a plaintext server takes the place of what was there.
            Some(group) if is_plaintext && !joins && !is_new => group.servers = vec![server],
            Some(group) => group.servers.push(server),
            None => groups.push(ServerGroup {
                port,
                written: &spec.port.protocol,
                protocol,
                bind,
                servers: vec![server],
            }),
        }
        if is_plaintext && (is_new || !plaintext.contains_key(&port)) {
            plaintext.insert(port, (protocol, bind));
        }
    }
    groups
}

/// The servers of the Gateway objects that select the pod, in istiod's order.
pub(super) fn servers<'w>(scope: &ProxyScope<'w>) -> impl Iterator<Item = GatewayServer<'w>> {
    let pod = scope.pod;
    let services: Vec<String> =
        services_of(scope).into_iter().map(|facts| service_host(scope, facts)).collect();
    let is_scoped = scope.world.features.scopes_gateways();
    let objects = scope.world.gateways.iter().filter(move |object| {
        if is_scoped && object.id.namespace != pod.namespace {
            return false;
        }
        // Made of the Gateway API, and obeyed in anybody's: it names Services of the pod.
        if let Some(named) = named_services(object) {
            let home = object.annotations.get(HOME).unwrap_or(&object.id.namespace);
            return *home == pod.namespace && named.iter().any(|name| services.iter().any(|own| own == name));
        }
        object.gateway().is_some_and(|spec| has_labels(&pod.labels, spec.selector.iter().flatten()))
    });
    let mut objects: Vec<&Resource> = objects.copied().collect();
    if scope.world.features.merges_strictly() {
        leave_out_of_others(&mut objects);
    }
    objects.into_iter().flat_map(|object| {
        let all = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
        all.iter().enumerate().map(|(index, spec)| GatewayServer { object, index, spec })
    })
}

/// At a gateway that istiod deployed for the Gateway API, Gateway objects of Istio count only where they are in its namespace.
/// `filterStrictGatewayMerging` in `pilot/pkg/model/push_context.go`.
fn leave_out_of_others(objects: &mut Vec<&Resource>) {
    let is_of_api =
        |object: &Resource| object.annotations.get(SEMANTICS).is_some_and(|semantics| semantics == "gateway");
    let is_deployed = |object: &Resource| {
        is_of_api(object) && object.annotations.get(ACCOUNT).is_some_and(|account| !account.is_empty())
    };
    let deployed = objects.iter().filter(|object| is_deployed(object));
    let homes: HashSet<&str> = deployed.map(|object| object.id.namespace.as_str()).collect();
    if !homes.is_empty() {
        objects.retain(|object| is_of_api(object) || homes.contains(object.id.namespace.as_str()));
    }
}

/// The annotations of a Gateway object that was made of the Gateway API, the second with the service account of a gateway that
/// istiod deploys.
const SEMANTICS: &str = "internal.istio.io/gateway-semantics";
const ACCOUNT: &str = "internal.istio.io/service-account-name";

/// The Services that a Gateway object is for, instead of a selector, and their namespace. `mergeGateways` in
/// `pilot/pkg/model/push_context.go`.
const SERVICES: &str = "internal.istio.io/gateway-service";
const HOME: &str = "internal.istio.io/parent-namespace";

/// The Services in full that a Gateway object is for; none where it selects pods.
fn named_services(object: &Resource) -> Option<Vec<&str>> {
    object.annotations.get(SERVICES).map(|names| names.split(',').collect())
}

/// The name of a Service in full.
fn service_host(scope: &ProxyScope<'_>, facts: &ServiceFacts) -> String {
    format!("{}.{}.svc.{}", facts.name, facts.namespace, scope.world.mesh.cluster_domain)
}

/// The ports of the pod that a server is opened on. One that is for Services is opened only where they lead. `resolvePorts`.
fn pod_ports(targets: &[ServiceTarget<'_>], server: &GatewayServer<'_>) -> Vec<u16> {
    let number = server.spec.port.number;
    let Some(named) = named_services(server.object) else {
        let own = || u16::try_from(number).unwrap_or_default();
        return vec![target(targets, number).map_or_else(own, |target| target.pod_port)];
    };
    let own = targets.iter().filter(|target| target.is_of(&named, number));
    own.map(|target| target.pod_port).collect::<BTreeSet<u16>>().into_iter().collect()
}

/// The Kubernetes Services of the pod, by age and name. `SetServiceTargets` in `pilot/pkg/model/context.go`.
fn services_of<'w>(scope: &ProxyScope<'w>) -> Vec<&'w ServiceFacts> {
    let pod = scope.pod;
    let selects = |facts: &&ServiceFacts| {
        facts.namespace == pod.namespace
            && !facts.selector.is_empty()
            && has_labels(&pod.labels, &facts.selector)
    };
    let mut found: Vec<&ServiceFacts> = scope.world.kubernetes.iter().filter(selects).collect();
    // By the name in full: a longer name may come before the shorter one that it begins with.
    found.sort_by_cached_key(|facts| (facts.created.is_none(), facts.created, format!("{}.", facts.name)));
    found
}

/// The chains of a server that routes no plaintext requests.
fn of_server<'w>(
    scope: &ProxyScope<'w>,
    server: &GatewayServer<'w>,
    known: &mut HashMap<String, HashSet<String>>,
) -> Vec<ListenerChain<'w>> {
    let mode = server.spec.tls.as_ref().map(|tls| tls.mode.clone());
    let chain = |names: Vec<String>, ends_tls, then| ListenerChain {
        ranges: Vec::new(),
        names,
        is_for_http: false,
        ends_tls,
        service: None,
        then,
    };
    let without_namespace =
        |host: String| host.rsplit_once('/').map_or(host.clone(), |(_, host)| host.to_owned());
    let names: Vec<String> = server.hosts().into_iter().map(without_namespace).collect();
    let ends = match &mode {
        Some(Some(GatewayServersTlsMode::IstioMutual)) => Some(EndsTls::OfMesh),
        Some(_) if !server.passes_through() => Some(EndsTls::Own),
        _ => None,
    };
    if ends.is_some() && PortProtocol::parse(&server.spec.port.protocol) == PortProtocol::Https {
        let hosts = GatewayHosts::of(scope, std::slice::from_ref(server));
        let then = ChainThen::Http(RouteTable::Servers(Arc::new(hosts)));
        return vec![chain(names, ends, then)];
    }
    match (&mode, ends) {
        (None, _) => tcp_route(scope, server).map(|then| chain(Vec::new(), None, then)).into_iter().collect(),
        (_, Some(_)) => tcp_route(scope, server).map(|then| chain(names, ends, then)).into_iter().collect(),
        (Some(Some(GatewayServersTlsMode::AutoPassthrough)), None) => sni_dnat::chains(scope, &names),
        (_, None) => {
            let bind = server.spec.bind.clone().unwrap_or_default();
            by_name(scope, server, known.entry(bind).or_default())
                .into_iter()
                .map(|(names, then)| chain(names, None, then))
                .collect()
        }
    }
}

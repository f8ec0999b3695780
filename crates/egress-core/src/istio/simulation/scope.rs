//! What one proxy is told of the mesh: its services, the VirtualServices of each of its listeners, its DestinationRules.
//!
//! Follows `convertToSidecarScope` and `DefaultSidecarScopeForGateway` in `pilot/pkg/model/sidecar.go`. Knows nothing of
//! listeners' filter chains and of routes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egress_istio::sidecar::SidecarEgress;
use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceSpec};

use super::host_index::{RouteList, host_of_rule};
use super::import::{Imports, SidecarHosts};
use super::memo::Memo;
use super::service::{MeshPort, MeshService};
use super::world::World;
use crate::fast_map::{FastMap, FastSet};
use crate::istio::client_tls::DestinationRules;
use crate::istio::protocol::PortProtocol;
use crate::resource::Resource;
use crate::snapshot::{OutboundMode, PodFacts};
use crate::visibility::sidecar::{outbound_mode, sidecar_for};

/// So many merged rules of a proxy are kept.
const RULES: usize = 1024;

/// What a proxy knows.
pub(super) struct ProxyScope<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) pod: &'w PodFacts,
    pub(super) is_gateway: bool,
    pub(super) is_waypoint: bool,
    /// The services that a waypoint takes calls for.
    pub(super) waypoint: Vec<&'w MeshService<'w>>,
    /// In the order of the Sidecar; none for a gateway.
    pub(super) listeners: Vec<EgressListener<'w>>,
    /// By host in full: of several services of a host the one that counts, with the ports of those it is merged with.
    services: FastMap<&'w str, KnownService<'w>>,
    /// Hosts of a waypoint's services that its namespace does not see: it obeys no DestinationRule for them, and gets none of
    /// their endpoints.
    hidden: FastSet<&'w str>,
    /// By host and namespace: one destination may have a rule for each host that goes through it.
    rules: Memo<(&'w str, &'w str), DestinationRules<'w>>,
    /// What happens to calls of which nothing is known.
    pub(super) unknown: UnknownHosts<'w>,
}

/// A part of a Sidecar's `egress`, or the one listener of pods without.
pub(super) struct EgressListener<'w> {
    /// Its port; none speaks for all other ports.
    pub(super) port: Option<u16>,
    pub(super) protocol: PortProtocol,
    /// Its own address.
    pub(super) bind: Option<&'w str>,
    hosts: SidecarHosts<'w>,
    pub(super) services: Vec<KnownService<'w>>,
    pub(super) virtual_services: RouteList<'w>,
}

/// A service with the ports that a proxy knows of it.
#[derive(Clone, Debug)]
pub(super) struct KnownService<'w> {
    pub(super) service: &'w MeshService<'w>,
    pub(super) ports: Cow<'w, [MeshPort<'w>]>,
}

/// What a sidecar does with calls of which it knows nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum UnknownHosts<'w> {
    Refused,
    Leave,
    /// They leave for the host that a request names.
    LeaveByName,
    /// They go to this host, port and subset.
    Proxied(&'w str, u16, Option<&'w str>),
}

impl<'w> ProxyScope<'w> {
    /// The scope of a pod's sidecar.
    pub(super) fn of_sidecar(world: &'w World<'w>, pod: &'w PodFacts) -> Self {
        let sidecar = sidecar_of(world, pod);
        let spec = sidecar.and_then(Resource::sidecar);
        let listeners = match spec.and_then(|spec| spec.egress.as_deref()).unwrap_or_default() {
            [] => vec![listener(world, &pod.namespace, None)],
            egress => egress.iter().map(|one| listener(world, &pod.namespace, Some(one))).collect(),
        };
        let mut imports = Imports::default();
        for listener in &listeners {
            for known in &listener.services {
                imports.add(known.clone());
            }
            for virtual_service in listener.virtual_services.iter() {
                infer(world, &pod.namespace, listener, virtual_service, &mut imports);
            }
        }
        let policy = spec.and_then(|spec| spec.outbound_traffic_policy.as_deref());
        let own = sidecar.and_then(outbound_mode);
        let unknown = match own.or(world.mesh.outbound).unwrap_or(OutboundMode::AllowAny) {
            OutboundMode::RegistryOnly => UnknownHosts::Refused,
            OutboundMode::AllowAnyDynamicDns => UnknownHosts::LeaveByName,
            OutboundMode::AllowAny => match policy.and_then(|policy| policy.egress_proxy.as_ref()) {
                Some(proxy) => {
                    let port = proxy.port.as_ref().and_then(|port| port.number).unwrap_or_default();
                    UnknownHosts::Proxied(
                        &proxy.host,
                        u16::try_from(port).unwrap_or_default(),
                        proxy.subset.as_deref(),
                    )
                }
                None => UnknownHosts::Leave,
            },
        };
        let services = imports.into_services();
        ProxyScope {
            world,
            pod,
            is_gateway: false,
            is_waypoint: false,
            waypoint: Vec::new(),
            listeners,
            services,
            hidden: FastSet::default(),
            rules: Memo::new(RULES),
            unknown,
        }
    }

    /// The scope of a gateway's pod: everything that its namespace sees.
    ///
    /// Where sidecars run in its namespace, istiod may give it their scope: whichever asked first (`doGetSidecarScope`). They
    /// differ where several ServiceEntries have one host. That is not known here.
    pub(super) fn of_gateway(world: &'w World<'w>, pod: &'w PodFacts) -> Self {
        let mut imports = Imports::default();
        for service in world.services_seen_by(&pod.namespace) {
            imports.add(KnownService { service, ports: (&service.ports).into() });
        }
        let services = imports.into_services();
        ProxyScope {
            world,
            pod,
            is_gateway: true,
            is_waypoint: false,
            waypoint: Vec::new(),
            listeners: Vec::new(),
            services,
            hidden: FastSet::default(),
            rules: Memo::new(RULES),
            unknown: UnknownHosts::Refused,
        }
    }

    /// The scope of a waypoint's pod: that of a gateway, and the services that it takes calls for, visible or not.
    pub(super) fn of_waypoint(world: &'w World<'w>, pod: &'w PodFacts) -> Self {
        let mut scope = ProxyScope::of_gateway(world, pod);
        scope.is_gateway = false;
        scope.is_waypoint = true;
        scope.waypoint = world.waypoint_services(pod);
        for service in &scope.waypoint {
            let known = KnownService { service, ports: (&service.ports).into() };
            if scope.services.insert(&service.host, known).is_none() {
                scope.hidden.insert(&service.host);
            }
        }
        scope
    }

    /// The service of a host in full.
    pub(super) fn service(&self, host: &str) -> Option<&KnownService<'w>> {
        self.services.get(host)
    }

    /// The same, where the proxy's namespace sees it. `ServiceForHostname` in `pilot/pkg/model/push_context.go`.
    pub(super) fn seen_service(&self, host: &str) -> Option<&KnownService<'w>> {
        self.service(host).filter(|_| !self.hidden.contains(host))
    }

    /// All services.
    pub(super) fn services(&self) -> impl Iterator<Item = &KnownService<'w>> {
        self.services.values()
    }

    /// The DestinationRules that the proxy uses for a service, merged.
    pub(super) fn rules(&self, service: &'w MeshService<'w>) -> Arc<DestinationRules<'w>> {
        self.rules.get((&service.host, service.namespace), || DestinationRules::new(self.rules_of(service)))
    }

    fn rules_of(&self, service: &MeshService<'_>) -> Vec<&'w Resource> {
        if self.hidden.contains(service.host.as_ref()) {
            return Vec::new();
        }
        let pod = self.pod;
        self.world.rules.of(&service.host, service.namespace, &pod.namespace, &pod.labels)
    }

    /// The listener whose services and VirtualServices count for a port. `GetEgressListenerForRDS`.
    pub(super) fn listener_for(&self, port: u16) -> Option<&EgressListener<'w>> {
        self.listeners.iter().find(|listener| listener.port.is_none_or(|own| own == port))
    }
}

impl EgressListener<'_> {
    /// The other names of a service that the listener knows. `matchingAliasService`.
    pub(super) fn aliases<'s>(&self, service: &'s MeshService<'_>) -> impl Iterator<Item = &'s String> {
        service.aliases.iter().filter(|alias| self.hosts.want_alias(service, alias))
    }
}

impl<'w> KnownService<'w> {
    /// The port with this number, that of UDP only where it is alone.
    pub(super) fn port(&self, number: u16) -> Option<&MeshPort<'w>> {
        let all = || self.ports.iter().filter(|port| port.number == number);
        all().find(|port| port.protocol != PortProtocol::Udp).or_else(|| all().next())
    }

    /// The same service with those ports only; none where it has none of them.
    fn trimmed(service: &'w MeshService<'w>, wanted: impl Fn(&MeshPort<'w>) -> bool) -> Option<Self> {
        let ports: Vec<MeshPort<'w>> = service.ports.iter().copied().filter(wanted).collect();
        match ports.len() {
            0 => None,
            all if all == service.ports.len() => {
                Some(KnownService { service, ports: (&service.ports).into() })
            }
            _ => Some(KnownService { service, ports: ports.into() }),
        }
    }
}

/// The Sidecar of a pod. `doGetSidecarScope` in `pilot/pkg/model/push_context.go`.
fn sidecar_of<'w>(world: &'w World<'w>, pod: &PodFacts) -> Option<&'w Resource> {
    let all = world.sidecars.iter().copied();
    sidecar_for(all, &world.mesh.root_namespace, &pod.namespace, &pod.labels)
}

fn listener<'w>(
    world: &'w World<'w>,
    namespace: &'w str,
    spec: Option<&'w SidecarEgress>,
) -> EgressListener<'w> {
    let hosts = SidecarHosts::of(spec, namespace);
    let port = spec.and_then(|spec| spec.port.as_deref());
    let number = port.and_then(|port| port.number).and_then(|number| u16::try_from(number).ok());
    let number = number.filter(|number| *number != 0);
    let protocol =
        port.and_then(|port| port.protocol.as_deref()).map_or(PortProtocol::Unsaid, PortProtocol::parse);
    let wanted = number.filter(|_| protocol != PortProtocol::HttpProxy);
    let known = |service: &'w MeshService<'w>| match wanted {
        None => Some(KnownService { service, ports: (&service.ports).into() }),
        Some(number) => KnownService::trimmed(service, |port| port.number == number),
    };
    EgressListener {
        port: number,
        protocol,
        bind: spec.and_then(|spec| spec.bind.as_deref()).filter(|bind| !bind.is_empty()),
        services: hosts.services(world, namespace, known),
        virtual_services: RouteList::new(hosts.virtual_services(world, namespace), world.mesh),
        hosts,
    }
}

/// Adds the destinations of a VirtualService's rules: a Sidecar that imports a route needs no line for where it leads.
/// `collectImportedServices`.
fn infer<'w>(
    world: &'w World<'w>,
    namespace: &str,
    listener: &EgressListener<'w>,
    virtual_service: &'w Resource,
    imports: &mut Imports<'w>,
) {
    let Some(spec) = virtual_service.virtual_service() else { return };
    let wanted = listener.port.filter(|_| listener.protocol != PortProtocol::HttpProxy);
    let rules = world.merged_rules.of(virtual_service);
    for (host, ports) in destinations(rules, spec, namespace) {
        let host = host_of_rule(host, virtual_service, world.mesh);
        let all = world.by_namespace(&host);
        let own = all.iter().find(|service| service.namespace == namespace);
        let best = || {
            let visible = || all.iter().filter(|service| world.sees(service, namespace));
            if !world.features.prefers_kubernetes() {
                return visible().min_by_key(|service| service.namespace);
            }
            // Of ServiceEntries the oldest: they are in the order of their age.
            visible().find(|service| service.is_kubernetes()).or_else(|| visible().next())
        };
        let Some(service) = own.or_else(best) else { continue };
        let known = match wanted {
            Some(number) => KnownService::trimmed(service, |port| port.number == number),
            None if ports.contains(&None) => Some(KnownService { service, ports: (&service.ports).into() }),
            None => KnownService::trimmed(service, |port| ports.contains(&Some(i64::from(port.number)))),
        };
        if let Some(known) = known {
            imports.add(known);
        }
    }
}

/// The destinations of the rules that may be for callers of a namespace, with their ports; none where a rule leaves it open.
/// `virtualServiceDestinationsFilteredBySourceNamespace`.
fn destinations<'s>(
    rules: &'s [VirtualServiceHttp],
    spec: &'s VirtualServiceSpec,
    namespace: &str,
) -> BTreeMap<&'s str, BTreeSet<Option<i64>>> {
    let mut found: BTreeMap<&str, BTreeSet<Option<i64>>> = BTreeMap::new();
    let mut add = |host: &'s str, port: Option<i64>| {
        found.entry(host).or_default().insert(port);
    };
    for rule in rules {
        let mut named = rule.r#match.iter().flatten().filter_map(|one| one.source_namespace.as_deref());
        let is_for_others = {
            let mut named = named.by_ref().filter(|name| !name.is_empty()).peekable();
            named.peek().is_some() && named.all(|name| name != namespace)
        };
        if is_for_others {
            continue;
        }
        for route in rule.route.iter().flatten() {
            add(
                &route.destination.host,
                route.destination.port.as_ref().map(|port| port.number.unwrap_or_default()),
            );
        }
        if let Some(mirror) = &rule.mirror {
            add(&mirror.host, mirror.port.as_ref().map(|port| port.number.unwrap_or_default()));
        }
        for mirror in rule.mirrors.iter().flatten() {
            let to = &mirror.destination;
            add(&to.host, to.port.as_ref().map(|port| port.number.unwrap_or_default()));
        }
    }
    for route in spec.tcp.iter().flatten().flat_map(|rule| rule.route.iter().flatten()) {
        add(
            &route.destination.host,
            route.destination.port.as_ref().map(|port| port.number.unwrap_or_default()),
        );
    }
    for route in spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten()) {
        add(
            &route.destination.host,
            route.destination.port.as_ref().map(|port| port.number.unwrap_or_default()),
        );
    }
    found
}

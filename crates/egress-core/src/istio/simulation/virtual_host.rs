//! The virtual hosts of a sidecar for one port: which rules take a request for a host.
//!
//! Follows `BuildSidecarOutboundVirtualHosts` in `pilot/pkg/networking/core/httproute.go` and
//! `BuildSidecarVirtualHostWrapper` in `route/route.go`, and Envoy's choice among domains. Knows nothing of listeners.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cluster::ClusterKey;
use super::host_index;
use super::host_name::{is_subset, is_wildcard, overlap};
use super::http_match::PlainRequest;
use super::http_rules::{HttpRule, RuleContext, rules};
use super::scope::{EgressListener, KnownService, ProxyScope};
use super::service::{MeshResolution, MeshService};
use crate::fast_map::{FastMap, FastSet};
use crate::istio::gateway_api::is_made;
use crate::istio::protocol::PortProtocol;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::MeshFacts;
use crate::visibility::virtual_service::MESH;

/// What a sidecar does with a request.
pub(super) enum SidecarRoute<'w> {
    /// A rule of a VirtualService takes it.
    Rule(HttpRule<'w>),
    /// A VirtualService has the host, and none of its rules takes the request.
    NoRule,
    /// No rule is about the host: it goes to the service itself.
    Service(ClusterKey),
    /// The host is not known on this port.
    Unknown,
    /// Several services are called so.
    Undecided,
}

/// A host without its port.
pub(super) fn without_port(authority: &str) -> &str {
    let bracketed = authority.starts_with('[');
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && (!host.contains(':') || bracketed) =>
        {
            host
        }
        _ => authority,
    }
}

#[derive(Clone)]
enum HostRoutes<'w> {
    VirtualService(&'w Resource),
    /// The host of a service in full, and a port.
    Service(&'w str, u16),
    /// One of several services.
    Undecided,
}

/// The virtual hosts of a sidecar for one port.
pub(super) struct VirtualHosts<'w> {
    /// By domain in lower case; of two that have one domain the first counts.
    exact: FastMap<String, HostRoutes<'w>>,
    /// Domains with a wildcard.
    wild: FastMap<String, HostRoutes<'w>>,
}

impl<'w> VirtualHosts<'w> {
    /// Those of a port; none where no part of the Sidecar is about it.
    pub(super) fn of(scope: &ProxyScope<'w>, port: u16) -> Option<Self> {
        let listener = scope.listener_for(port)?;
        let sources = Sources::of(scope, listener, port);
        let mut found = VirtualHosts { exact: FastMap::default(), wild: FastMap::default() };
        let mut taken: FastSet<&str> = FastSet::default();
        for resource in &sources.virtual_services {
            if !sources.has_rules(resource) {
                continue;
            }
            let (hosts, services) = sources.split(resource);
            if is_made(resource) && !sources.are_for_caller(resource, &services) {
                continue;
            }
            let of_http: Vec<&KnownService<'w>> =
                services.into_iter().filter(|known| is_http(known)).collect();
            if of_http.is_empty() && port != 80 {
                continue;
            }
            for host in &hosts {
                found.offer(host.to_ascii_lowercase(), || HostRoutes::VirtualService(resource));
            }
            for known in of_http {
                taken.insert(&known.service.host);
                for domain in sources.domains(known.service) {
                    found.offer(domain, || HostRoutes::VirtualService(resource));
                }
            }
        }
        for known in sources.services.values() {
            let service = known.service;
            let is_free =
                !taken.contains(service.host.as_ref()) && service.resolution != MeshResolution::Alias;
            if !is_free || !is_http(known) {
                continue;
            }
            let Some(port) = known.ports.first() else { continue };
            for domain in sources.domains(service) {
                found.offer_service(domain, (&service.host, port.number));
            }
        }
        Some(found)
    }

    /// The route of a request. With a service, of that service alone, whatever host the request names.
    pub(super) fn route(
        &self,
        scope: &ProxyScope<'w>,
        port: u16,
        only: Option<&str>,
        request: PlainRequest<'_>,
    ) -> SidecarRoute<'w> {
        let host = match only {
            Some(service) => service.to_ascii_lowercase(),
            None => without_port(request.authority).to_ascii_lowercase(),
        };
        let Some(found) = self.choose(&host) else { return SidecarRoute::Unknown };
        match found {
            HostRoutes::Service(host, port) => {
                SidecarRoute::Service(ClusterKey { host: (*host).to_owned(), port: *port, subset: None })
            }
            HostRoutes::Undecided => SidecarRoute::Undecided,
            HostRoutes::VirtualService(resource) => {
                let all = rules(&context(scope, port), resource, request);
                all.into_iter().find(|rule| rule.takes).map_or(SidecarRoute::NoRule, SidecarRoute::Rule)
            }
        }
    }

    fn offer(&mut self, domain: String, routes: impl FnOnce() -> HostRoutes<'w>) {
        let domains = if is_wildcard(&domain) { &mut self.wild } else { &mut self.exact };
        domains.entry(domain).or_insert_with(routes);
    }

    /// Of two services with one domain istiod takes any: it goes over a map. `buildSidecarVirtualHostsForService`.
    fn offer_service(&mut self, domain: String, (host, port): (&'w str, u16)) {
        let domains = if is_wildcard(&domain) { &mut self.wild } else { &mut self.exact };
        let known = domains.entry(domain).or_insert(HostRoutes::Service(host, port));
        if matches!(known, HostRoutes::Service(other, on) if (*other, *on) != (host, port)) {
            *known = HostRoutes::Undecided;
        }
    }

    /// The routes of a host in lower case: those of its own domain, else of the longest wildcard over it.
    fn choose(&self, host: &str) -> Option<&HostRoutes<'w>> {
        let over = |domain: &str| {
            let tail = domain.strip_prefix('*')?;
            (tail.is_empty() || (host.len() > tail.len() && host.ends_with(tail))).then_some(tail.len())
        };
        self.exact.get(host).or_else(|| {
            let fitting = self.wild.iter().filter_map(|(domain, routes)| Some((over(domain)?, routes)));
            fitting.max_by_key(|(fit, _)| *fit).map(|(_, routes)| routes)
        })
    }
}

fn context<'q, 'w>(scope: &'q ProxyScope<'w>, port: u16) -> RuleContext<'q, 'w> {
    RuleContext { world: scope.world, pod: scope.pod, gateway: MESH, port, service: &|_, _| None }
}

fn is_http(known: &KnownService<'_>) -> bool {
    known.ports.iter().any(|port| port.protocol.is_http() || port.protocol == PortProtocol::Unsaid)
}

/// What virtual hosts are made of.
struct Sources<'q, 'w> {
    scope: &'q ProxyScope<'w>,
    listener: &'q EgressListener<'w>,
    port: u16,
    /// The services with the port, by their name in lower case.
    services: BTreeMap<String, KnownService<'w>>,
    virtual_services: Vec<&'w Resource>,
    /// Of each service of the listener the VirtualService with the most specific host over it.
    most_specific: FastMap<String, &'w ObjectId>,
}

impl<'q, 'w> Sources<'q, 'w> {
    fn of(scope: &'q ProxyScope<'w>, listener: &'q EgressListener<'w>, port: u16) -> Self {
        let as_proxy = listener.port.is_some() && listener.protocol == PortProtocol::HttpProxy;
        let mut services: BTreeMap<String, KnownService<'w>> = BTreeMap::new();
        for known in &listener.services {
            let host = known.service.host.to_ascii_lowercase();
            if as_proxy {
                services.insert(host, known.clone());
            } else if let Some(found) = known.port(port).filter(|port| port.protocol != PortProtocol::Udp) {
                let ports = vec![*found].into();
                services.insert(host, KnownService { service: known.service, ports });
            }
        }
        let mesh = scope.world.mesh;
        let virtual_services = listener.virtual_services.iter();
        let virtual_services = if port == 80 && !as_proxy {
            // Port 80 exists for every host of a VirtualService, known or not.
            virtual_services.collect()
        } else {
            let wild: Vec<&str> =
                services.keys().map(String::as_str).filter(|host| is_wildcard(host)).collect();
            virtual_services.filter(|resource| is_about(resource, &services, &wild, mesh)).collect()
        };
        let most_specific = most_specific(listener, mesh);
        Sources { scope, listener, port, services, virtual_services, most_specific }
    }

    /// Whether a VirtualService has any rule for the proxy and port; one without has no virtual host.
    fn has_rules(&self, resource: &'w Resource) -> bool {
        let request = PlainRequest { authority: "", scheme: "http" };
        !rules(&context(self.scope, self.port), resource, request).is_empty()
    }

    /// The hosts of a VirtualService that are no services, and the services that are. `separateVSHostsAndServices`.
    fn split(&self, resource: &Resource) -> (Vec<String>, Vec<&KnownService<'w>>) {
        let (mut hosts, mut services) = (Vec::new(), Vec::new());
        let names: Vec<_> = host_index::hosts(resource, self.scope.world.mesh).collect();
        for name in names.iter().filter(|name| !is_wildcard(name)) {
            match self.services.get(&name.to_ascii_lowercase()) {
                Some(known) => services.push(known),
                None => hosts.push(name.to_string()),
            }
        }
        for name in names.iter().filter(|name| is_wildcard(name)) {
            if is_made(resource) {
                hosts.push(name.clone().into_owned());
                continue;
            }
            let name = name.to_ascii_lowercase();
            let below: Vec<_> = self.services.iter().filter(|(host, _)| overlap(host, &name)).collect();
            if below.is_empty() {
                hosts.push(name);
                continue;
            }
            let own = below.into_iter().filter(|(_, known)| {
                self.most_specific.get(known.service.host.as_ref()) == Some(&&resource.id)
            });
            services.extend(own.map(|(_, known)| known));
        }
        (hosts, services)
    }

    /// Whether a route of the Gateway API counts for the proxy: it is of the namespace of the proxy or of a service.
    /// `buildSidecarVirtualHostsForVirtualService`.
    fn are_for_caller(&self, resource: &Resource, services: &[&KnownService<'_>]) -> bool {
        let own = &resource.id.namespace;
        let is_own = self.scope.pod.namespace == *own;
        services.iter().any(|known| is_own || known.service.namespace == own)
    }

    /// The domains of a service, in lower case. `generateVirtualHostDomains`.
    fn domains(&self, service: &MeshService<'_>) -> Vec<String> {
        let is_other = |name: &String| self.services.contains_key(name);
        let aliases = self.listener.aliases(service).map(String::as_str);
        let mut found = Vec::new();
        for name in [service.host.as_ref()].into_iter().chain(aliases) {
            let name = name.to_ascii_lowercase();
            let short = short_names(&name, &self.scope.pod.namespace, &self.scope.world.mesh.cluster_domain);
            found.push(name);
            found.extend(short.into_iter().filter(|name| !is_other(name)));
        }
        if service.resolution == MeshResolution::Original && service.is_kubernetes() {
            found.extend(found.clone().iter().map(|domain| format!("*.{domain}")));
        }
        found.extend(service.addresses.iter().map(ToString::to_string));
        found
    }
}

/// Other names of a Service of the cluster. `generateAltVirtualHostsForKubernetesService`.
pub(super) fn short_names(host: &str, namespace: &str, domain: &str) -> Vec<String> {
    let mut found = vec![format!("{host}.")];
    let within = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix(".svc."));
    if let Some((name, own)) = within.and_then(|name| name.split_once('.')) {
        if own == namespace {
            found.push(name.to_owned());
        }
        found.extend([format!("{name}.{own}.svc"), format!("{name}.{own}")]);
    }
    found
}

/// Whether a VirtualService is about any of these services; `wild` are those with a wildcard. `selectVirtualServices`.
fn is_about(
    resource: &Resource,
    services: &BTreeMap<String, KnownService<'_>>,
    wild: &[&str],
    mesh: &MeshFacts,
) -> bool {
    host_index::hosts(resource, mesh).any(|name| {
        let name = name.to_ascii_lowercase();
        services.contains_key(&name)
            || wild.iter().any(|host| overlap(host, &name))
            || (is_wildcard(&name) && services.keys().any(|host| overlap(host, &name)))
    })
}

/// `computeWildcardHostVirtualServiceIndex` in `pilot/pkg/model/sidecar.go`.
fn most_specific<'w>(listener: &EgressListener<'w>, mesh: &MeshFacts) -> FastMap<String, &'w ObjectId> {
    let mut exact: FastMap<Cow<'w, str>, &ObjectId> = FastMap::default();
    let mut wild: FastMap<Cow<'w, str>, &ObjectId> = FastMap::default();
    for resource in listener.virtual_services.iter() {
        for host in host_index::hosts(resource, mesh) {
            let known = if is_wildcard(&host) { &mut wild } else { &mut exact };
            known.entry(host).or_insert(&resource.id);
        }
    }
    // Without wildcards nobody asks.
    if wild.is_empty() {
        return FastMap::default();
    }
    let mut found = FastMap::default();
    for known in &listener.services {
        let host = known.service.host.as_ref();
        let over = wild.iter().filter(|(name, _)| is_subset(host, name));
        let longest = over.max_by_key(|(name, _)| name.len()).map(|(_, id)| *id);
        if let Some(id) = exact.get(host).or_else(|| wild.get(host)).copied().or(longest) {
            found.insert(host.to_owned(), id);
        }
    }
    found
}

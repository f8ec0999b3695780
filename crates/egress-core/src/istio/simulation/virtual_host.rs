//! The virtual hosts of a sidecar for one port: which rules take a request for a host.
//!
//! Follows `BuildSidecarOutboundVirtualHosts` in `pilot/pkg/networking/core/httproute.go` and
//! `BuildSidecarVirtualHostWrapper` in `route/route.go`, and Envoy's choice among domains. Knows nothing of listeners.

use std::collections::HashMap;

use super::cluster::ClusterKey;
use super::host_name::{is_subset, is_wildcard, overlap};
use super::http_match::PlainRequest;
use super::http_rules::{HttpRule, RuleContext, rules};
use super::scope::{EgressListener, KnownService, ProxyScope};
use super::service::{MeshResolution, MeshService};
use crate::istio::protocol::PortProtocol;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::MeshFacts;
use crate::visibility::destination_rule::full_host;
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
}

/// The route of a request on a port. With a service, of that service alone, whatever host the request names.
pub(super) fn route<'w>(
    scope: &ProxyScope<'w>,
    port: u16,
    only: Option<&str>,
    request: PlainRequest<'_>,
) -> SidecarRoute<'w> {
    let Some(listener) = scope.listener_for(port) else { return SidecarRoute::Unknown };
    let table = VirtualHosts::of(scope, listener, port);
    let host = match only {
        Some(service) => service.to_ascii_lowercase(),
        None => without_port(request.authority).to_ascii_lowercase(),
    };
    let Some(found) = table.choose(&host) else { return SidecarRoute::Unknown };
    match found {
        HostRoutes::Service(key) => SidecarRoute::Service(key),
        HostRoutes::VirtualService(resource) => {
            let all = rules(&table.context(), resource, request);
            all.into_iter().find(|rule| rule.takes).map_or(SidecarRoute::NoRule, SidecarRoute::Rule)
        }
    }
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
    Service(ClusterKey),
}

struct VirtualHosts<'q, 'w> {
    scope: &'q ProxyScope<'w>,
    port: u16,
    /// The services with the port, by their name in lower case.
    services: HashMap<String, KnownService<'w>>,
    virtual_services: Vec<&'w Resource>,
    /// Of each service of the listener the VirtualService with the most specific host over it.
    most_specific: HashMap<String, &'w ObjectId>,
    lookup: Lookup<'w>,
}

/// The services with the port, as destinations look for them.
struct Lookup<'w>(HashMap<String, KnownService<'w>>);

impl<'q, 'w> VirtualHosts<'q, 'w> {
    fn of(scope: &'q ProxyScope<'w>, listener: &'q EgressListener<'w>, port: u16) -> Self {
        let as_proxy = listener.port.is_some() && listener.protocol == PortProtocol::HttpProxy;
        let mut services: HashMap<String, KnownService<'w>> = HashMap::new();
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
        let virtual_services = listener.virtual_services.iter().copied();
        let virtual_services = if port == 80 && !as_proxy {
            // Port 80 exists for every host of a VirtualService, known or not.
            virtual_services.collect()
        } else {
            virtual_services.filter(|resource| is_about(resource, &services, mesh)).collect()
        };
        let most_specific = most_specific(listener, mesh);
        let lookup = Lookup(services.clone());
        VirtualHosts { scope, port, services, virtual_services, most_specific, lookup }
    }

    fn context(&self) -> RuleContext<'_, 'w> {
        RuleContext {
            mesh: self.scope.world.mesh,
            pod: self.scope.pod,
            gateway: MESH,
            port: self.port,
            service: &|_, _| None,
        }
    }

    /// The routes of a host in lower case: those of its own domain, else of the longest wildcard over it. Of two that have
    /// one domain the first counts.
    fn choose(&self, host: &str) -> Option<HostRoutes<'w>> {
        let mut best: Option<(usize, HostRoutes<'w>)> = None;
        let mut offer = |domain: &str, routes: &dyn Fn() -> HostRoutes<'w>| {
            let Some(fit) = fit(domain, host) else { return };
            if best.as_ref().is_none_or(|(known, _)| fit > *known) {
                best = Some((fit, routes()));
            }
        };
        let mut taken: Vec<&str> = Vec::new();
        for resource in &self.virtual_services {
            if !self.has_rules(resource) {
                continue;
            }
            let (hosts, services) = self.split(resource);
            let of_http: Vec<&&KnownService<'w>> =
                services.iter().filter(|known| Self::is_http(known)).collect();
            if of_http.is_empty() && self.port != 80 {
                continue;
            }
            for host in &hosts {
                offer(&host.to_ascii_lowercase(), &|| HostRoutes::VirtualService(resource));
            }
            for known in of_http {
                taken.push(&known.service.host);
                for domain in self.domains(known.service) {
                    offer(&domain, &|| HostRoutes::VirtualService(resource));
                }
            }
        }
        for known in self.services.values() {
            let service = known.service;
            let is_free =
                !taken.contains(&service.host.as_ref()) && service.resolution != MeshResolution::Alias;
            if !is_free || !Self::is_http(known) {
                continue;
            }
            let Some(port) = known.ports.first() else { continue };
            let key = ClusterKey { host: service.host.to_string(), port: port.number, subset: None };
            for domain in self.domains(service) {
                offer(&domain, &|| HostRoutes::Service(key.clone()));
            }
        }
        best.map(|(_, routes)| routes)
    }

    /// Whether a VirtualService has any rule for the proxy and port; one without has no virtual host.
    fn has_rules(&self, resource: &'w Resource) -> bool {
        let request = PlainRequest { authority: "", scheme: "http" };
        !rules(&self.context(), resource, request).is_empty()
    }

    fn is_http(known: &KnownService<'w>) -> bool {
        known.ports.iter().any(|port| port.protocol.is_http() || port.protocol == PortProtocol::Unsaid)
    }

    /// The hosts of a VirtualService that are no services, and the services that are. `separateVSHostsAndServices`.
    fn split(&self, resource: &Resource) -> (Vec<String>, Vec<&KnownService<'w>>) {
        let (mut hosts, mut services) = (Vec::new(), Vec::new());
        let names = resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten());
        let mesh = self.scope.world.mesh;
        let names: Vec<String> = names.map(|host| full_host(host, &resource.id.namespace, mesh)).collect();
        for name in names.iter().filter(|name| !is_wildcard(name)) {
            match self.services.get(&name.to_ascii_lowercase()) {
                Some(known) => services.push(known),
                None => hosts.push(name.clone()),
            }
        }
        for name in names.iter().filter(|name| is_wildcard(name)) {
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

    /// The domains of a service, in lower case. `generateVirtualHostDomains`.
    fn domains(&self, service: &MeshService<'_>) -> Vec<String> {
        let host = service.host.to_ascii_lowercase();
        let short = short_names(&host, &self.scope.pod.namespace, &self.scope.world.mesh.cluster_domain);
        let is_other = |name: &String| self.lookup.0.contains_key(name);
        let mut found = vec![host.clone()];
        found.extend(short.into_iter().filter(|name| !is_other(name)));
        if service.resolution == MeshResolution::Original && service.is_kubernetes() {
            found.extend(found.clone().iter().map(|domain| format!("*.{domain}")));
        }
        found.extend(service.addresses.iter().map(ToString::to_string));
        found
    }
}

/// How well a domain fits a host, the better the more; none: it is for other hosts.
fn fit(domain: &str, host: &str) -> Option<usize> {
    match domain.strip_prefix('*') {
        None => (domain == host).then_some(usize::MAX),
        Some("") => Some(0),
        Some(tail) => (host.len() > tail.len() && host.ends_with(tail)).then_some(tail.len()),
    }
}

/// Other names of a Service of the cluster. `generateAltVirtualHostsForKubernetesService`.
fn short_names(host: &str, namespace: &str, domain: &str) -> Vec<String> {
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

/// Whether a VirtualService is about any of these services. `selectVirtualServices`.
fn is_about(resource: &Resource, services: &HashMap<String, KnownService<'_>>, mesh: &MeshFacts) -> bool {
    let mut names = resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten());
    names.any(|name| {
        let name = full_host(name, &resource.id.namespace, mesh).to_ascii_lowercase();
        services.contains_key(&name)
            || services.keys().any(|host| (is_wildcard(&name) || is_wildcard(host)) && overlap(host, &name))
    })
}

/// `computeWildcardHostVirtualServiceIndex` in `pilot/pkg/model/sidecar.go`.
fn most_specific<'w>(listener: &EgressListener<'w>, mesh: &MeshFacts) -> HashMap<String, &'w ObjectId> {
    let mut by_host: HashMap<String, &ObjectId> = HashMap::new();
    for resource in &listener.virtual_services {
        for host in resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten()) {
            by_host.entry(full_host(host, &resource.id.namespace, mesh)).or_insert(&resource.id);
        }
    }
    let mut found = HashMap::new();
    for known in &listener.services {
        let host = known.service.host.as_ref();
        let over = by_host.iter().filter(|(name, _)| is_wildcard(name) && is_subset(host, name));
        let longest = over.max_by_key(|(name, _)| name.len()).map(|(_, id)| *id);
        if let Some(id) = by_host.get(host).copied().or(longest) {
            found.insert(host.to_owned(), id);
        }
    }
    found
}

//! What the lines of a Sidecar bring in, and how services of one host become one.
//!
//! Follows `convertIstioListenerToWrapper`, `selectServices` and `appendSidecarServices` in `pilot/pkg/model/sidecar.go`,
//! and `SelectVirtualServices` in `virtualservice.go`.

use egress_istio::sidecar::SidecarEgress;

use super::host_index::hosts;
use super::host_name::{is_subset, is_wildcard, overlap};
use super::scope::KnownService;
use super::service::{MeshService, ServiceSource};
use super::world::World;
use crate::fast_map::{FastMap, FastSet};
use crate::istio::gateway_api::is_made;
use crate::resource::{ObjectId, Resource};
use crate::visibility::virtual_service::MESH;

/// The `hosts` of one part of a Sidecar, by namespace; `*` is all of them.
pub(super) struct SidecarHosts<'w>(FastMap<&'w str, HostLines<'w>>);

#[derive(Default)]
struct HostLines<'w> {
    wanted: Vec<&'w str>,
    excluded: Vec<&'w str>,
}

const ALL: &str = "*";

impl<'w> SidecarHosts<'w> {
    /// The lines as seen from a namespace; without a Sidecar everything is wanted.
    pub(super) fn of(spec: Option<&'w SidecarEgress>, namespace: &'w str) -> Self {
        let mut found: FastMap<&str, HostLines<'_>> = FastMap::default();
        let Some(spec) = spec else {
            found.entry(ALL).or_default().wanted.push(ALL);
            return SidecarHosts(found);
        };
        for line in &spec.hosts {
            let Some((owner, host)) = line.split_once('/').filter(|(_, host)| !host.contains('/')) else {
                continue;
            };
            let (excluded, owner) = match owner.strip_prefix('~') {
                None => (false, owner),
                Some("") => (true, ALL),
                Some(owner) => (true, owner),
            };
            let lines = found.entry(if owner == "." { namespace } else { owner }).or_default();
            if excluded { lines.excluded.push(host) } else { lines.wanted.push(host) }
        }
        SidecarHosts(found)
    }

    /// The services that the lines bring in, of each host those of one namespace. `known` takes away ports.
    pub(super) fn services(
        &self,
        world: &'w World<'w>,
        namespace: &str,
        known: impl Fn(&'w MeshService<'w>) -> Option<KnownService<'w>>,
    ) -> Vec<KnownService<'w>> {
        let mut found = Vec::new();
        for service in self.candidates(world, namespace) {
            let own = self.0.get(service.namespace);
            let all = self.0.get(ALL);
            let excluded = [own, all].into_iter().flatten().any(|lines| lines.exclude(&service.host));
            let wanted = [own, all].into_iter().flatten().any(|lines| lines.want(&service.host));
            if wanted && !excluded {
                found.extend(known(service));
            }
        }
        of_one_namespace(&mut found, namespace);
        found
    }

    /// Whether another name of a service is wanted, by those lines that bring in the service.
    pub(super) fn want_alias(&self, service: &MeshService<'_>, alias: &str) -> bool {
        let lines = [self.0.get(service.namespace), self.0.get(ALL)];
        let first = lines.into_iter().flatten().find(|lines| lines.want(&service.host));
        first.is_some_and(|lines| lines.want(alias))
    }

    /// The VirtualServices for sidecars that the lines bring in, in order of precedence.
    pub(super) fn virtual_services(&self, world: &World<'w>, namespace: &str) -> Vec<&'w Resource> {
        let mut found: Vec<&Resource> = Vec::new();
        let mut known: FastSet<&ObjectId> = FastSet::default();
        for resource in world.virtual_services_for(MESH, namespace) {
            let owner = &resource.id.namespace;
            let mut hosts = hosts(resource, world.mesh);
            let lines = || [self.0.get(owner.as_str()), self.0.get(ALL)].into_iter().flatten();
            let want = |lines: &HostLines<'_>, host: &str| {
                if is_made(resource) { lines.want(host) } else { lines.want_route(host) }
            };
            let is_wanted = |host: &str| {
                lines().any(|lines| want(lines, host)) && !lines().any(|lines| lines.exclude(host))
            };
            if hosts.any(|host| is_wanted(&host)) && known.insert(&resource.id) {
                found.push(resource);
            }
        }
        found
    }

    /// Where all lines name one host of one namespace, istiod looks these up, and of each the one that counts there.
    fn candidates(&self, world: &'w World<'w>, namespace: &str) -> Vec<&'w MeshService<'w>> {
        let exact = |(owner, lines): (&&str, &HostLines<'_>)| {
            lines.wanted.is_empty() || (*owner != ALL && !lines.wanted.iter().any(|host| is_wildcard(host)))
        };
        if !self.0.iter().all(exact) {
            return world.services_seen_by(namespace);
        }
        let mut found = Vec::new();
        for (owner, lines) in &self.0 {
            for host in &lines.wanted {
                let services = world.by_namespace(host);
                let visible = services.into_iter().find(|service| service.namespace == *owner);
                found.extend(visible.filter(|service| world.sees(service, namespace)));
            }
        }
        found.sort_by(|one, other| one.by_age(other));
        found
    }
}

impl HostLines<'_> {
    fn exclude(&self, host: &str) -> bool {
        self.excluded.iter().any(|excluded| is_subset(host, excluded))
    }

    /// Whether a service of this host is wanted, or a route that istiod makes of the Gateway API.
    fn want(&self, host: &str) -> bool {
        self.wanted.iter().any(|wanted| is_subset(host, wanted))
    }

    /// Whether a VirtualService with this host is wanted: here wildcards of the host count, too.
    fn want_route(&self, host: &str) -> bool {
        self.wanted.iter().any(|wanted| overlap(host, wanted))
    }
}

/// Leaves of each host the services of one namespace: the client's own, else the first, but a Kubernetes Service before a
/// ServiceEntry.
fn of_one_namespace(services: &mut Vec<KnownService<'_>>, client: &str) {
    let mut chosen: FastMap<String, (String, bool)> = FastMap::default();
    for known in services.iter() {
        let service = known.service;
        let this = (service.namespace.to_owned(), service.is_kubernetes());
        match chosen.get(service.host.as_ref()) {
            None => {}
            Some(_) if service.namespace == client => {}
            Some((namespace, false)) if service.is_kubernetes() && namespace != client => {}
            Some(_) => continue,
        }
        chosen.insert(service.host.to_string(), this);
    }
    services.retain(|known| {
        chosen
            .get(known.service.host.as_ref())
            .is_some_and(|(namespace, _)| namespace == known.service.namespace)
    });
}

/// The services of a proxy, one for each host.
#[derive(Default)]
pub(super) struct Imports<'w>(FastMap<&'w str, KnownService<'w>>);

impl<'w> Imports<'w> {
    /// Adds a service. Of one host the first counts, and a Kubernetes Service before ServiceEntries; ports of later ones
    /// are added where both are of one namespace and alike.
    pub(super) fn add(&mut self, incoming: KnownService<'w>) {
        let host = incoming.service.host.as_ref();
        let Some(known) = self.0.get_mut(host) else {
            self.0.insert(host, incoming);
            return;
        };
        if !known.service.is_kubernetes() && incoming.service.is_kubernetes() {
            *known = incoming;
            return;
        }
        if !can_merge(known.service, incoming.service) {
            return;
        }
        let new: Vec<_> =
            incoming.ports.iter().filter(|port| known.port(port.number).is_none()).copied().collect();
        if !new.is_empty() {
            known.ports.to_mut().extend(new);
        }
    }

    pub(super) fn into_services(self) -> FastMap<&'w str, KnownService<'w>> {
        self.0
    }
}

/// `canMergeServices`.
fn can_merge(one: &MeshService<'_>, other: &MeshService<'_>) -> bool {
    if one.namespace != other.namespace || one.resolution != other.resolution {
        return false;
    }
    let words = |service: &MeshService<'_>| -> FastSet<String> {
        service.export_to.unwrap_or_default().iter().cloned().collect()
    };
    let alike = match (one.source, other.source) {
        (ServiceSource::Kubernetes(one), ServiceSource::Kubernetes(other)) => {
            one.labels == other.labels && one.selector == other.selector
        }
        (ServiceSource::Entry(one), ServiceSource::Entry(other)) => {
            let selector = |entry: &Resource| {
                let selector = entry.service_entry().and_then(|spec| spec.workload_selector.as_ref());
                selector.and_then(|selector| selector.labels.clone()).unwrap_or_default()
            };
            one.labels == other.labels && selector(one) == selector(other)
        }
        _ => false,
    };
    alike && words(one) == words(other)
}

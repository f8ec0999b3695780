//! Requested external hosts whose path no check follows. Checks follow HTTP and TLS routes of VirtualServices from
//! sidecars to a gateway, for single hosts.
//!
//! Makes no findings: calls to such a host may work or not.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::host::DnsName;
use egress_core::index::Index;
use egress_core::inventory::Egress;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::{Kind, Role};
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_core::visibility::virtual_service::{destinations, is_exact, mesh_virtual_services, serves_mesh};
use egress_core::visibility::{exported_to, host_matches};
use egress_istio::service_entry::ServiceEntryLocation;

use super::egress_path::EgressPath;
use super::finder::is_followed;
use super::hosts_without_egress::{EntryHost, routed};
use super::meant_gateway::meant_gateway;
use super::reached_hosts::reached_hosts;
use crate::facts::{ClusterFacts, Request, clients};
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::istio::waypoints::waypoint_of;
use crate::path::{NotWalked, Obstacle};

/// The hosts, by namespace and name. If hosts were requested by name, those of them without an egress.
pub(crate) fn not_walked<'a>(
    facts: &'a ClusterFacts,
    index: &Index<'a>,
    egresses: &[Egress<'_>],
    paths: &[EgressPath<'_>],
    request: &Request,
) -> Vec<NotWalked> {
    let finder = Finder::new(facts, index, egresses, paths);
    // The upstream ServiceEntry has its own host name, which only the gateway sees.
    let own: BTreeSet<&ObjectId> =
        egresses.iter().filter_map(|egress| egress.part(Role::Upstream)).map(|part| &part.id).collect();
    let mut found: BTreeMap<EntryHost<'_>, Obstacle> = BTreeMap::new();
    for object in index.of_kind(Kind::ServiceEntry).iter().chain(index.of_kind(Kind::VirtualService)) {
        if own.contains(&object.id) {
            continue;
        }
        for host in hosts(object).iter().filter(|host| !finder.known.contains(&host.to_ascii_lowercase())) {
            let obstacle = finder.obstacle(object, host);
            let obstacle = obstacle.filter(|obstacle| finder.concerns(request, object, *obstacle));
            if let Some(obstacle) = obstacle {
                found.entry((object.id.namespace.as_str(), host.as_str())).or_insert(obstacle);
            }
        }
    }
    let is_asked = |egress: &&Egress<'_>| {
        (request.hosts.is_empty() || request.hosts.contains(&egress.host))
            && request.namespace.as_ref().is_none_or(|namespace| *namespace == egress.namespace)
    };
    let by_endpoints = egresses.iter().filter(|egress| !is_followed(egress)).filter(is_asked);
    let mut not_walked: Vec<NotWalked> = by_endpoints
        .map(|egress| NotWalked::new(egress.host.as_str(), &egress.namespace, Obstacle::Endpoints))
        .collect();
    if request.hosts.is_empty() {
        not_walked.extend(found.iter().map(|((namespace, host), why)| NotWalked::new(host, namespace, *why)));
        return not_walked;
    }
    let named = paths.iter().filter(|path| path.egress.is_none());
    let obstacle = |path: &EgressPath<'_>| {
        let covers =
            |((_, host), why): &(&EntryHost<'_>, &Obstacle)| why.is_limit() && host_matches(host, &path.host);
        let ((namespace, _), why) = found.iter().find(covers)?;
        Some(NotWalked::new(&path.host, namespace, *why))
    };
    not_walked.extend(named.filter_map(obstacle));
    not_walked
}

/// The objects and their indexes.
struct Finder<'a, 'b> {
    snapshot: &'a Snapshot,
    index: &'b Index<'a>,
    /// The Services of the egress gateways, as routes name them.
    services: BTreeSet<String>,
    /// Hosts with a path, and the destinations of other hosts' routes.
    known: BTreeSet<String>,
    clients: BTreeSet<&'a str>,
    ambient: BTreeSet<&'a str>,
    routed: BTreeSet<EntryHost<'a>>,
}

impl<'a, 'b> Finder<'a, 'b> {
    fn new(
        facts: &'a ClusterFacts,
        index: &'b Index<'a>,
        egresses: &[Egress<'_>],
        paths: &[EgressPath<'_>],
    ) -> Self {
        let snapshot = &facts.snapshot;
        let domain = &snapshot.mesh.cluster_domain;
        let services = snapshot.gateways.iter().map(|gateway| gateway.name.service_host(domain)).collect();
        let walked = egresses.iter().map(|egress| egress.host.to_string());
        let hosts_without_egress =
            paths.iter().filter(|path| !path.is_wanted).map(|path| path.host.to_ascii_lowercase());
        // The destination of a route is examined with the route's host.
        let mut known: BTreeSet<String> = walked.chain(hosts_without_egress).collect();
        for routes in index.of_kind(Kind::VirtualService) {
            let Some(spec) = routes.virtual_service() else { continue };
            known.extend(destinations(spec).filter(|to| !is_exact(routes, to)).map(str::to_ascii_lowercase));
        }
        let labels: BTreeMap<&str, _> =
            snapshot.namespaces.iter().map(|facts| (facts.name.as_str(), &facts.labels)).collect();
        let is_ambient = |pod: &&PodFacts| {
            data_plane_mode(pod, labels.get(pod.namespace.as_str()).copied()) == DataPlaneMode::Ztunnel
        };
        let ambient = snapshot.pods.iter().filter(is_ambient);
        Finder {
            snapshot,
            index,
            services,
            known,
            clients: clients(snapshot),
            ambient: ambient.map(|pod| pod.namespace.as_str()).collect(),
            routed: routed(&facts.related_resources.gateway_api),
        }
    }

    /// Why no check follows a host of an object; none if it is inside the mesh.
    fn obstacle(&self, object: &'a Resource, host: &str) -> Option<Obstacle> {
        if let Some(spec) = object.virtual_service() {
            let mut to = reached_hosts(self.index, object);
            if !serves_mesh(spec) || self.services.contains(host) {
                // Routes for the gateway's own Service do not lead outside.
                return None;
            }
            let found = to.find_map(|to| self.taken(to, Obstacle::Tcp))?;
            return Some(of_name(host).unwrap_or(found));
        }
        if object.service_entry()?.location == Some(ServiceEntryLocation::MeshInternal) {
            return None;
        }
        let home = self.snapshot.namespaces.iter().find(|facts| facts.name == object.id.namespace);
        if waypoint_of(object, home.map(|facts| &facts.labels)).is_some() {
            return Some(Obstacle::Waypoint);
        }
        if self.routed.contains(&(object.id.namespace.as_str(), object.id.name.as_str())) {
            return Some(Obstacle::GatewayApi);
        }
        if let Some(obstacle) = of_name(host) {
            return Some(obstacle);
        }
        if self.services.is_empty() {
            return Some(Obstacle::NoGateway);
        }
        let mut seers = self.clients.iter().filter(|client| sees(object, client)).peekable();
        if seers.peek().is_none() {
            return Some(Obstacle::NoCaller);
        }
        seers.find_map(|client| self.route(host, client))
    }

    /// Why no check follows the route by which the sidecars of a namespace send a host to a gateway.
    fn route(&self, host: &str, client: &str) -> Option<Obstacle> {
        let seen = mesh_virtual_services(self.index.virtual_services(host), host, client);
        seen.into_iter().find_map(|route| {
            let why = if is_exact(route, host) { Obstacle::Tcp } else { Obstacle::Wildcard };
            reached_hosts(self.index, route).find_map(|to| self.taken(to, why))
        })
    }

    /// Why no check follows what leads to a destination: `at_gateway` where that is a gateway.
    fn taken(&self, to: &str, at_gateway: Obstacle) -> Option<Obstacle> {
        if self.services.contains(to) {
            return Some(at_gateway);
        }
        meant_gateway(self.snapshot, to).map(|_| Obstacle::MissingService)
    }

    /// Whether it is requested: of a namespace, its own objects and those that its pods see.
    fn concerns(&self, request: &Request, object: &Resource, obstacle: Obstacle) -> bool {
        let Some(asked) = request.namespace.as_deref() else { return true };
        let sees = || sees(object, asked);
        let has_no_pod = || !self.clients.contains(asked) && !self.ambient.contains(asked);
        object.id.namespace == asked
            || match obstacle {
                // A host that is asked for by name is asked for its pods to come, too.
                Obstacle::Waypoint | Obstacle::GatewayApi | Obstacle::Wildcard
                    if !request.hosts.is_empty() && has_no_pod() =>
                {
                    obstacle == Obstacle::Waypoint || sees()
                }
                Obstacle::NoGateway | Obstacle::NoCaller => false,
                // ztunnel finds a host by its address, and ignores `exportTo`.
                Obstacle::Waypoint => self.ambient.contains(asked),
                _ => (self.clients.contains(asked) || self.ambient.contains(asked)) && sees(),
            }
    }
}

fn hosts(object: &Resource) -> &[String] {
    let of_routes = || object.virtual_service()?.hosts.as_deref();
    object.service_entry().map(|spec| spec.hosts.as_slice()).or_else(of_routes).unwrap_or_default()
}

fn of_name(host: &str) -> Option<Obstacle> {
    match DnsName::parse(host) {
        Ok(_) => None,
        Err(_) if host.starts_with('*') => Some(Obstacle::Wildcard),
        Err(_) => Some(Obstacle::Name),
    }
}

fn sees(object: &Resource, viewer: &str) -> bool {
    let of_routes = || object.virtual_service()?.export_to.as_deref();
    let words = object.service_entry().map_or_else(of_routes, |spec| spec.export_to.as_deref());
    exported_to(words, &object.id.namespace, viewer)
}

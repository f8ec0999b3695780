//! What the objects of a mesh name, so that what nothing names can be found: hosts, subsets, Gateway objects.
//!
//! Reads every object once. Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::visibility::host_matches;
use egress_core::visibility::virtual_service::{MESH, gateway_name, serves_mesh};

use crate::view::View;

/// What VirtualServices, ServiceEntries and Gateway objects name.
pub(super) struct NamedHosts<'a> {
    /// Every VirtualService.
    pub(super) routes: Vec<&'a Resource>,
    /// The hosts of ServiceEntries.
    pub(super) by_entries: HostSet<'a>,
    /// The hosts of VirtualServices.
    pub(super) by_routes: HostSet<'a>,
    /// The subsets of destinations.
    pub(super) subsets: BTreeSet<&'a str>,
    /// The names of Gateway objects in VirtualServices, `namespace/name`, with the hosts of these.
    bound: BTreeMap<String, Vec<&'a str>>,
    by_sidecars: HostSet<'a>,
    gateways: BTreeSet<String>,
}

/// Hosts, and patterns apart from them.
#[derive(Default)]
pub(super) struct HostSet<'a> {
    exact: BTreeSet<&'a str>,
    patterns: BTreeSet<&'a str>,
}

impl<'a> HostSet<'a> {
    /// Whether a host or a pattern over it is among them.
    pub(super) fn knows(&self, host: &str) -> bool {
        self.exact.contains(host) || self.patterns.iter().any(|pattern| host_matches(pattern, host))
    }

    fn add(&mut self, host: &'a str) {
        let set = if host.starts_with('*') { &mut self.patterns } else { &mut self.exact };
        set.insert(host);
    }
}

impl<'a> NamedHosts<'a> {
    /// Of all objects.
    pub(super) fn of(view: &View<'a>) -> Self {
        view.note(Input::VirtualServices);
        let routes = view.index().of_kind(Kind::VirtualService).to_vec();
        let objects = view
            .gateway_objects()
            .filter(|object| view.gateways().iter().any(|gateway| selects(object, gateway)));
        let gateways = objects.map(|object| format!("{}/{}", object.id.namespace, object.id.name)).collect();
        let mut found = NamedHosts {
            routes: Vec::new(),
            by_entries: HostSet::default(),
            by_routes: HostSet::default(),
            subsets: BTreeSet::new(),
            bound: BTreeMap::new(),
            by_sidecars: HostSet::default(),
            gateways,
        };
        for (route, spec) in routes.iter().filter_map(|route| Some((route, route.virtual_service()?))) {
            let names = spec.gateways.iter().flatten().filter(|name| *name != MESH);
            for name in names {
                let hosts = found.bound.entry(gateway_name(name, &route.id.namespace)).or_default();
                hosts.extend(spec.hosts.iter().flatten().map(String::as_str));
            }
            for host in spec.hosts.iter().flatten() {
                found.by_routes.add(host);
                if serves_mesh(spec) {
                    found.by_sidecars.add(host);
                }
            }
            let http = spec.http.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
            let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
            let tcp = spec.tcp.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
            found.subsets.extend(http.filter_map(|route| route.destination.subset.as_deref()));
            found.subsets.extend(tls.filter_map(|route| route.destination.subset.as_deref()));
            found.subsets.extend(tcp.filter_map(|route| route.destination.subset.as_deref()));
        }
        for spec in view.service_entries().filter_map(Resource::service_entry) {
            spec.hosts.iter().for_each(|host| found.by_entries.add(host));
        }
        NamedHosts { routes, ..found }
    }

    /// Whether a VirtualService is for an egress gateway, and not for sidecars.
    pub(super) fn is_for_gateways_alone(&self, route: &Resource) -> bool {
        let Some(spec) = route.virtual_service().filter(|spec| !serves_mesh(spec)) else { return false };
        let mut names = spec.gateways.iter().flatten().filter(|name| *name != MESH);
        names.any(|name| self.gateways.contains(&gateway_name(name, &route.id.namespace)))
    }

    /// Whether sidecars have a route for a host, or for one below a pattern.
    pub(super) fn is_routed_by_sidecars(&self, host: &str) -> bool {
        self.by_sidecars.knows(host) || self.by_sidecars.exact.iter().any(|known| host_matches(host, known))
    }

    /// Whether a VirtualService means a Gateway object and misses it: by its name, or by its hosts. Other checks say so.
    pub(super) fn is_missed(&self, view: &View<'_>, object: &Resource, hosts: &[&str]) -> bool {
        let ObjectId { kind, namespace, name } = &object.id;
        let overlaps = |one: &str, other: &str| host_matches(one, other) || host_matches(other, one);
        let other_host = |named: &&str| !hosts.iter().any(|host| overlaps(host, named));
        let bound = self.bound.get(&format!("{namespace}/{name}"));
        let exists = |name: &str| {
            let (kind, namespace, name) = (*kind, namespace.clone(), name.to_owned());
            view.find(&ObjectId { kind, namespace, name }).is_some()
        };
        let mut beside = self.bound.keys().filter_map(|full| full.strip_prefix(&format!("{namespace}/")));
        bound.is_some_and(|named| named.iter().any(other_host)) || beside.any(|name| !exists(name))
    }
}

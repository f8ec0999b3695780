//! Finds the egress paths of a request, with who calls each host and through which gateway.
//!
//! Knows how the inventory and the callers' view of routes become paths. Makes no findings.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use egress_core::index::Index;
use egress_core::inventory::{Egress, state};
use egress_core::port::Port;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;
use egress_core::visibility::service_entry::in_precedence;
use egress_core::visibility::virtual_service::{is_exact, mesh_virtual_services};
use egress_istio::service_entry::ServiceEntryPorts;
use rayon::prelude::*;

use super::egress_path::{EgressPath, owns};
use crate::facts::{Request, clients};
use crate::wording::export_to;

/// The paths of a request, in the order of the inventory. Requested hosts without objects come last.
pub(crate) fn paths<'a>(
    snapshot: &'a Snapshot,
    index: &Index<'a>,
    egresses: &'a [Egress<'a>],
    request: &Request,
) -> Vec<EgressPath<'a>> {
    let maker =
        PathFinder { snapshot, index, egresses, clients: clients(snapshot), mesh_legs: OnceLock::new() };
    let asked = |egress: &&Egress<'_>| request.hosts.is_empty() || request.hosts.contains(&egress.host);
    let here = |egress: &&Egress<'_>| {
        request.namespace.as_ref().is_none_or(|namespace| *namespace == egress.namespace)
    };
    let mut found: Vec<EgressPath<'a>> = egresses
        .par_iter()
        .filter(asked)
        .filter(here)
        .filter(|egress| is_followed(egress))
        .map(|egress| maker.of_egress(egress, maker.callers(egress, request)))
        .collect();
    for host in &request.hosts {
        let is_left_out =
            egresses.iter().filter(here).any(|egress| egress.host == *host && !is_followed(egress));
        if !is_left_out && !found.iter().any(|path| path.host == host.as_str()) {
            found.push(maker.without_objects(host.as_str(), request.namespace.as_deref()));
        }
    }
    found
}

/// Whether the walk follows an egress: from the callers' VirtualService to the gateway.
pub(super) fn is_followed(egress: &Egress<'_>) -> bool {
    egress.layout.is_none_or(|layout| layout.dialect().has_routes_of_callers())
}

struct PathFinder<'a, 'b> {
    snapshot: &'a Snapshot,
    index: &'b Index<'a>,
    egresses: &'a [Egress<'a>],
    clients: BTreeSet<&'a str>,
    /// The routes of all egresses to their gateways.
    mesh_legs: OnceLock<BTreeSet<&'a ObjectId>>,
}

impl<'a> PathFinder<'a, '_> {
    fn of_egress(&self, egress: &'a Egress<'a>, callers: Vec<String>) -> EgressPath<'a> {
        let (state, earlier) = state::with_earlier(egress, self.index);
        EgressPath {
            host: egress.host.to_string(),
            namespace: Some(egress.namespace.clone()),
            egress: Some(egress),
            state: Some(state),
            earlier,
            undiscovered: Vec::new(),
            gateway: egress.gateway.as_ref().and_then(|name| self.snapshot.gateway(name)),
            ports: self.ports(egress, &callers),
            callers,
            is_wanted: true,
        }
    }

    /// A host without objects in the requested namespace: its callers may use those of another namespace.
    fn without_objects(&self, host: &str, namespace: Option<&str>) -> EgressPath<'a> {
        let callers = namespace.map(str::to_owned).into_iter().collect();
        if let Some(egress) = namespace.and_then(|caller| self.egress_seen_from(caller, host)) {
            return self.of_egress(egress, callers);
        }
        EgressPath {
            host: host.to_owned(),
            namespace: namespace.map(str::to_owned),
            egress: None,
            state: None,
            earlier: None,
            undiscovered: Vec::new(),
            gateway: None,
            callers,
            ports: BTreeSet::new(),
            is_wanted: true,
        }
    }

    /// The egress whose routes the sidecars of a namespace use for a host.
    fn egress_seen_from(&self, caller: &str, host: &str) -> Option<&'a Egress<'a>> {
        let route = self.first_route(caller, host)?;
        self.egresses.iter().find(|egress| egress.host.as_str() == host && owns(egress, &route.id))
    }

    fn first_route(&self, caller: &str, host: &str) -> Option<&'a Resource> {
        let routes = mesh_virtual_services(self.index.virtual_services(host), host, caller);
        routes.into_iter().find(|route| is_exact(route, host))
    }

    /// The ports of the record; for hand-made objects, those of the ServiceEntry that the callers use: often the one that the
    /// namespace of the objects sees, which a platform team's entries for other namespaces leave out.
    fn ports(&self, egress: &Egress<'_>, callers: &[String]) -> BTreeSet<Port> {
        if let Some(record) = egress.readable_record() {
            return record.intent.ports.clone();
        }
        let host = egress.host.as_str();
        let mut viewers = std::iter::once(&egress.namespace).chain(callers);
        let seen = |viewer: &String| {
            in_precedence(self.index.service_entries_of(host), viewer)
                .first()
                .map(|entry| declared_ports(entry))
        };
        viewers.find_map(seen).unwrap_or_default()
    }

    /// The namespaces that the egress was added for; for hand-made objects, the namespaces that are likely to use it.
    fn callers(&self, egress: &Egress<'_>, request: &Request) -> Vec<String> {
        if let Some(client) = &request.client {
            return vec![client.namespace.clone()];
        }
        let Some(record) = egress.readable_record() else { return self.callers_by_hand(egress) };
        let words = &record.intent.export_to;
        let everybody = words.iter().any(|word| word == "*");
        let named = words.iter().filter(|word| *word != "*" && *word != ".");
        let mut callers: BTreeSet<String> = named.cloned().collect();
        if everybody || words.iter().any(|word| word == ".") {
            callers.insert(egress.namespace.clone());
        }
        if everybody && request.namespace.is_none() {
            callers.extend(self.users(egress).map(str::to_owned));
        }
        callers.into_iter().collect()
    }

    /// Objects without `exportTo` are visible everywhere, which is rarely intended. If their own namespace has
    /// clients, the callers are that namespace and the named ones. Else, as with a platform team's objects, every
    /// namespace that uses them.
    fn callers_by_hand(&self, egress: &Egress<'_>) -> Vec<String> {
        let own = egress.namespace.as_str();
        let routes = egress.parts.iter().filter(|part| part.role == Role::MeshLeg);
        let words: BTreeSet<String> = routes.flat_map(|part| export_to(part.resource)).collect();
        let named: BTreeSet<&str> =
            words.iter().map(String::as_str).filter(|word| is_namespace(word)).collect();
        let of_gateway = egress.gateway.as_ref().map(|gateway| gateway.namespace.as_str());
        let mut callers: BTreeSet<String> = named
            .into_iter()
            .filter(|name| Some(*name) != of_gateway || self.clients.contains(name))
            .map(str::to_owned)
            .collect();
        if self.clients.contains(own) {
            callers.insert(own.to_owned());
        } else if words.contains("*") {
            callers.extend(self.users(egress).map(str::to_owned));
        }
        if words.contains("*") {
            callers.extend(self.overriders(egress).map(str::to_owned));
        }
        let seen_at_home = ["*", "."].iter().any(|word| words.contains(*word));
        if callers.is_empty() || (seen_at_home && self.clients.is_empty()) {
            callers.insert(own.to_owned());
        }
        callers.into_iter().collect()
    }

    /// The namespaces with clients that know the host and use the routes of the egress.
    fn users<'c>(&'c self, egress: &'c Egress<'c>) -> impl Iterator<Item = &'a str> + 'c {
        let host = egress.host.as_str();
        self.clients.iter().copied().filter(move |namespace| {
            let knows = !in_precedence(self.index.service_entries(host), namespace).is_empty();
            knows && self.first_route(namespace, host).is_some_and(|route| owns(egress, &route.id))
        })
    }

    /// The namespaces with clients that see the routes of the egress, and have a VirtualService of their own that takes the
    /// host from them and leads to no gateway.
    fn overriders<'c>(&'c self, egress: &'c Egress<'c>) -> impl Iterator<Item = &'a str> + 'c {
        let host = egress.host.as_str();
        self.clients.iter().copied().filter(move |namespace| {
            let seen = mesh_virtual_services(self.index.virtual_services(host), host, namespace);
            let first =
                seen.first().filter(|route| is_exact(route, host) && route.id.namespace == *namespace);
            first.is_some_and(|first| {
                !self.leads_to_a_gateway(first) && seen.iter().any(|route| owns(egress, &route.id))
            })
        })
    }

    fn leads_to_a_gateway(&self, route: &Resource) -> bool {
        let find = || {
            let parts =
                self.egresses.iter().filter(|egress| egress.gateway.is_some()).flat_map(|one| &one.parts);
            parts.filter(|part| part.role == Role::MeshLeg).map(|part| &part.resource.id).collect()
        };
        self.mesh_legs.get_or_init(find).contains(&route.id)
    }
}

/// Whether an item of `exportTo` names a namespace.
fn is_namespace(word: &str) -> bool {
    !matches!(word, "*" | "." | "~")
}

/// The HTTP and TLS ports of a ServiceEntry.
pub(crate) fn declared_ports(entry: &Resource) -> BTreeSet<Port> {
    let ports = entry.service_entry().and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    let parse = |port: &ServiceEntryPorts| {
        let protocol = port.protocol.as_deref()?.parse().ok()?;
        Port::new(u16::try_from(port.number).ok()?, protocol).ok()
    };
    ports.filter_map(parse).collect()
}

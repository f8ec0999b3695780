//! Egresses that this tool did not make: recognised by what they do, not by their names.
//!
//! A VirtualService that sends a host from the sidecars to the Service of an egress gateway is one, with the objects it
//! names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::egress::{Egress, LivePart};
use super::ours::Claims;
use crate::host::DnsName;
use crate::intent::GatewayName;
use crate::istio::routes::{Proxies, routes};
use crate::resource::Resource;
use crate::role::{Kind, Role};
use crate::snapshot::Snapshot;
use crate::visibility::virtual_service::gateway_name;

/// The gateways of a snapshot, by the name that routes call their Services.
pub(super) struct Services<'a>(HashMap<String, &'a GatewayName>);

impl<'a> Services<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let domain = &snapshot.mesh.cluster_domain;
        let names = snapshot.gateways.iter().map(|gateway| &gateway.name);
        Services(names.map(|name| (name.service_host(domain), name)).collect())
    }

    /// The gateway to whose Service the mesh rules of a VirtualService lead.
    pub(super) fn gateway_of(&self, resource: &Resource) -> Option<&'a GatewayName> {
        let routes = routes(resource, Proxies::Sidecars, None);
        routes.iter().find_map(|route| self.0.get(route.host).copied())
    }
}

/// Every egress through a known gateway that is not ours.
pub(super) fn egresses<'a>(
    snapshot: &'a Snapshot,
    services: &Services<'_>,
    claims: &Claims<'a>,
) -> Vec<Egress<'a>> {
    let pieces = Pieces::of(snapshot, claims);
    let foreign = |resource: &&Resource| claims.is_foreign(resource);
    let mut found: BTreeMap<(&str, DnsName), Egress<'a>> = BTreeMap::new();
    for leg in snapshot.of_kind(Kind::VirtualService).filter(foreign) {
        let Some(gateway) = services.gateway_of(leg) else { continue };
        let hosts = leg.virtual_service().and_then(|spec| spec.hosts.as_ref()).into_iter().flatten();
        for host in hosts.filter_map(|host| DnsName::parse(host).ok()) {
            let namespace = leg.id.namespace.as_str();
            // Mesh rules for HTTP and TLS may stand in two objects: one egress all the same.
            if let Some(egress) = found.get_mut(&(namespace, host.clone())) {
                egress.parts.push(LivePart { role: Role::MeshLeg, resource: leg });
                continue;
            }
            let parts = pieces.parts(&host, leg);
            let egress = Egress {
                namespace: namespace.to_owned(),
                why: parts.iter().find_map(|part| {
                    let why = claims.impostors.get(&part.resource.id)?;
                    Some(format!("{} has the label of this plugin: {why}", part.resource.id))
                }),
                parts,
                host: host.clone(),
                record: None,
                layout: None,
                gateway: Some(gateway.clone()),
            };
            found.insert((namespace, host), egress);
        }
    }
    found.into_values().collect()
}

/// What the egresses of others are put together from, by what it is looked up by.
struct Pieces<'a> {
    /// ServiceEntries by namespace and host.
    entries: HashMap<(&'a str, &'a str), Vec<&'a Resource>>,
    /// Gateway objects in their order, by namespace and name.
    gateways: HashMap<String, (usize, &'a Resource)>,
}

impl<'a> Pieces<'a> {
    fn of(snapshot: &'a Snapshot, claims: &Claims<'_>) -> Self {
        let mut entries: HashMap<(&str, &str), Vec<&Resource>> = HashMap::new();
        let others = snapshot.of_kind(Kind::ServiceEntry).filter(|entry| claims.is_foreign(entry));
        for (entry, spec) in others.filter_map(|entry| Some((entry, entry.service_entry()?))) {
            for host in spec.hosts.iter().collect::<BTreeSet<_>>() {
                entries.entry((&entry.id.namespace, host)).or_default().push(entry);
            }
        }
        let gateways = snapshot.of_kind(Kind::Gateway).enumerate();
        let gateways = gateways
            .map(|(place, gateway)| {
                (format!("{}/{}", gateway.id.namespace, gateway.id.name), (place, gateway))
            })
            .collect();
        Pieces { entries, gateways }
    }

    fn parts(&self, host: &DnsName, routes: &'a Resource) -> Vec<LivePart<'a>> {
        let namespace = routes.id.namespace.as_str();
        let names = routes.virtual_service().and_then(|spec| spec.gateways.as_ref()).into_iter().flatten();
        let bound = names.filter_map(|name| self.gateways.get(&gateway_name(name, namespace)).copied());
        let gateways: BTreeMap<usize, &Resource> = bound.collect();
        let entries = self.entries.get(&(namespace, host.as_str())).into_iter().flatten();
        let part = |role| move |resource| LivePart { role, resource };
        gateways
            .into_values()
            .map(part(Role::Gateway))
            .chain([LivePart { role: Role::MeshLeg, resource: routes }])
            .chain(entries.copied().map(part(Role::Client)))
            .collect()
    }
}

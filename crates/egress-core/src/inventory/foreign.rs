//! Egresses that this tool did not make: recognised by what they do, not by their names.
//!
//! A VirtualService that sends a host from the sidecars to the Service of an egress gateway is one, with the objects it
//! names.

use super::Egress;
use crate::host::DnsName;
use crate::intent::GatewayName;
use crate::metadata;
use crate::resource::Resource;
use crate::role::{Kind, Role};
use crate::shape::Part;
use crate::snapshot::Snapshot;
use crate::visibility::virtual_service::{gateway_name, serves_mesh};

/// Every egress through a known gateway that is not ours.
pub(super) fn egresses(snapshot: &Snapshot) -> Vec<Egress> {
    let foreign = |resource: &&Resource| !metadata::is_ours(resource);
    let mut found: Vec<Egress> = Vec::new();
    for routes in snapshot.of_kind(Kind::VirtualService).filter(foreign) {
        let Some(gateway) = gateway_of(routes, snapshot) else { continue };
        let hosts = routes.virtual_service().and_then(|spec| spec.hosts.as_ref()).into_iter().flatten();
        for host in hosts.filter_map(|host| DnsName::parse(host).ok()) {
            let namespace = routes.id.namespace.clone();
            // Mesh rules for HTTP and TLS may stand in two objects: one egress all the same.
            match found.iter_mut().find(|egress| egress.namespace == namespace && egress.host == host) {
                Some(egress) => egress.parts.push(part(Role::MeshLeg, routes)),
                None => found.push(Egress {
                    parts: parts(&host, routes, snapshot),
                    namespace,
                    host,
                    record: None,
                    layout: None,
                    gateway: Some(gateway.clone()),
                }),
            }
        }
    }
    found
}

/// The gateway to whose Service the mesh rules of a VirtualService lead.
pub(super) fn gateway_of(resource: &Resource, snapshot: &Snapshot) -> Option<GatewayName> {
    let spec = resource.virtual_service().filter(|spec| serves_mesh(spec))?;
    let http = spec.http.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    let mut hosts = http.map(|route| &route.destination.host).chain(tls.map(|route| &route.destination.host));
    let domain = &snapshot.mesh.cluster_domain;
    let known = |host: &String| {
        snapshot
            .gateways
            .iter()
            .find(|gateway| gateway.name.service_host(domain) == *host)
            .map(|g| g.name.clone())
    };
    hosts.find_map(known)
}

fn parts(host: &DnsName, routes: &Resource, snapshot: &Snapshot) -> Vec<Part> {
    let namespace = &routes.id.namespace;
    let entries = snapshot.of_kind(Kind::ServiceEntry).filter(|entry| {
        let spec = entry.service_entry();
        entry.id.namespace == *namespace
            && spec.is_some_and(|spec| spec.hosts.iter().any(|found| found == host.as_str()))
            && !metadata::is_ours(entry)
    });
    let names = routes.virtual_service().and_then(|spec| spec.gateways.as_ref()).into_iter().flatten();
    let bound: Vec<String> = names.map(|name| gateway_name(name, namespace)).collect();
    let gateways = snapshot
        .of_kind(Kind::Gateway)
        .filter(|gateway| bound.contains(&format!("{}/{}", gateway.id.namespace, gateway.id.name)));
    let mut parts: Vec<Part> = gateways.map(|gateway| part(Role::Gateway, gateway)).collect();
    parts.push(part(Role::MeshLeg, routes));
    parts.extend(entries.map(|entry| part(Role::Client, entry)));
    parts
}

fn part(role: Role, resource: &Resource) -> Part {
    Part { role, resource: resource.clone() }
}

//! External hosts that callers know and that have no route to a gateway: their calls leave directly.
//!
//! Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::host::DnsName;
use egress_core::index::Index;
use egress_core::inventory::Egress;
use egress_core::related_resources::GatewayApiObject;
use egress_core::role::Kind;
use egress_core::snapshot::Snapshot;
use egress_core::visibility::exported_to;
use egress_core::visibility::virtual_service::mesh_virtual_services;
use egress_istio::service_entry::ServiceEntryLocation;
use serde_json::Value;

use super::egress_path::EgressPath;
use super::meant_gateway::meant_gateway;
use super::reached_hosts::reached_hosts;
use crate::facts::{ClusterFacts, Request, clients};
use crate::istio::waypoints::waypoint_of;
use crate::kubernetes::forward_proxy::{host_of, port_of_proxies};

/// The requested paths of such hosts, one for each namespace with a ServiceEntry. Empty in a mesh without an egress
/// gateway.
pub(crate) fn hosts_without_egress<'a>(
    facts: &'a ClusterFacts,
    index: &Index<'a>,
    egresses: &[Egress<'_>],
    request: &Request,
) -> Vec<EgressPath<'a>> {
    let asked = |(place, callers): &(EntryHost<'_>, Vec<String>)| {
        let asked = request.namespace.as_deref();
        asked.is_none_or(|asked| place.0 == asked || callers.iter().any(|caller| caller == asked))
    };
    let found = if request.hosts.is_empty() { hosts(facts, index, egresses) } else { BTreeMap::new() };
    found
        .into_iter()
        .filter(asked)
        .map(|((namespace, host), callers)| EgressPath {
            host: host.to_owned(),
            namespace: Some(namespace.to_owned()),
            egress: None,
            state: None,
            earlier: None,
            undiscovered: Vec::new(),
            gateway: None,
            callers,
            ports: BTreeSet::new(),
            is_wanted: false,
        })
        .collect()
}

/// A namespace, and the name of a host or ServiceEntry in it.
pub(crate) type EntryHost<'a> = (&'a str, &'a str);

/// The hosts, each with the namespaces whose clients know it and have no route to a gateway.
fn hosts<'a>(
    facts: &'a ClusterFacts,
    index: &Index<'a>,
    egresses: &[Egress<'_>],
) -> BTreeMap<EntryHost<'a>, Vec<String>> {
    let snapshot = &facts.snapshot;
    let domain = &snapshot.mesh.cluster_domain;
    let services: BTreeSet<String> =
        snapshot.gateways.iter().map(|gateway| gateway.name.service_host(domain)).collect();
    let covered: BTreeSet<&str> = egresses.iter().map(|egress| egress.host.as_str()).collect();
    let proxies: BTreeSet<&str> =
        snapshot.pods.iter().flat_map(|pod| pod.forward_proxies.values()).map(|url| host_of(url)).collect();
    let (clients, routed) = (clients(snapshot), routed(&facts.related_resources.gateway_api));
    let mut found = BTreeMap::new();
    if services.is_empty() {
        return found;
    }
    for entry in index.of_kind(Kind::ServiceEntry).iter().copied() {
        let Some(spec) = entry.service_entry() else { continue };
        // In ambient mode, a waypoint may handle the host.
        let home = snapshot.namespaces.iter().find(|facts| facts.name == entry.id.namespace);
        let carried = waypoint_of(entry, home.map(|facts| &facts.labels)).is_some()
            || routed.contains(&(entry.id.namespace.as_str(), entry.id.name.as_str()));
        // Whoever calls a forward proxy means to leave by it.
        let is_proxy =
            port_of_proxies(spec).is_some() || spec.hosts.iter().any(|host| proxies.contains(host.as_str()));
        if carried || is_proxy || spec.location == Some(ServiceEntryLocation::MeshInternal) {
            continue;
        }
        let hosts = spec.hosts.iter().filter(|host| !covered.contains(host.as_str()));
        for host in hosts.filter(|host| DnsName::parse(host).is_ok()) {
            let knows = |client: &&&str| {
                exported_to(spec.export_to.as_deref(), &entry.id.namespace, client)
                    && !leads((snapshot, index), host, client, &services)
            };
            let callers: Vec<String> =
                clients.iter().filter(knows).map(|client| (*client).to_owned()).collect();
            if !callers.is_empty() {
                found.insert((entry.id.namespace.as_str(), host.as_str()), callers);
            }
        }
    }
    found
}

/// The ServiceEntries with a Gateway API route, by namespace and name.
pub(crate) fn routed(objects: &[GatewayApiObject]) -> BTreeSet<EntryHost<'_>> {
    let parents = objects.iter().flat_map(|object| {
        let parents = object.object.spec.get("parentRefs").and_then(Value::as_array).into_iter().flatten();
        parents.map(move |parent| (object.object.namespace.as_str(), parent))
    });
    let of_entry = parents.filter(|(_, parent)| parent["kind"] == "ServiceEntry");
    of_entry
        .filter_map(|(namespace, parent)| {
            let named = parent.get("namespace").and_then(Value::as_str);
            Some((named.unwrap_or(namespace), parent.get("name")?.as_str()?))
        })
        .collect()
}

/// Whether a route that a client sees leads to a gateway, or means one; also a route of a matching wildcard.
fn leads(
    (snapshot, index): (&Snapshot, &Index<'_>),
    host: &str,
    client: &str,
    services: &BTreeSet<String>,
) -> bool {
    let seen = mesh_virtual_services(index.virtual_services(host), host, client);
    seen.into_iter().any(|route| {
        reached_hosts(index, route).any(|to| services.contains(to) || meant_gateway(snapshot, to).is_some())
    })
}

//! Which objects are ours: those with our label, a part that fits their kind, and a spec that opens what their
//! annotations say and nothing else.
//!
//! Anybody who may write an object may set a label and annotations. An object that says that it is ours and opens something
//! else is somebody else's. An object that is merely not as we wrote it stays ours: see [`super::state`].

use std::collections::HashMap;

use egress_istio::gateway::GatewaySpec;
use egress_istio::service_entry::{ServiceEntryResolution, ServiceEntrySpec};
use egress_istio::virtual_service::VirtualServiceSpec;

use crate::host::DnsName;
use crate::metadata::{self, Record};
use crate::names::upstream_host;
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::Role;
use crate::snapshot::Snapshot;
use crate::visibility::destinations::{destinations, is_in_cluster};

/// An object that says that it is ours and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impostor<'a> {
    /// Which object.
    pub object: &'a ObjectId,
    /// Why it is not ours: `its host is not the one that its annotation names: x.example.com`.
    pub why: String,
}

/// What the objects with our label are.
#[derive(Debug, Default)]
pub(super) struct Claims<'a> {
    /// Ours that belong to a host, with the part that each plays.
    pub(super) ours: Vec<(&'a Resource, Role, DnsName)>,
    /// Those that are not.
    pub(super) impostors: HashMap<&'a ObjectId, String>,
}

impl<'a> Claims<'a> {
    /// Judges every object with our label.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut claims = Claims::default();
        let mut unfit = Vec::new();
        for resource in snapshot.resources.iter().filter(|resource| metadata::is_ours(resource)) {
            let played = match part(resource) {
                Ok(Some((role, host))) => (role, host),
                Ok(None) => continue,
                Err(why) => {
                    claims.impostors.insert(&resource.id, why);
                    continue;
                }
            };
            match other_opening(resource, played.0, &played.1, &snapshot.mesh.cluster_domain) {
                None => claims.ours.push((resource, played.0, played.1)),
                Some(other) => {
                    let why = format!("its annotation names {}, but it opens {other}", played.1);
                    claims.impostors.insert(&resource.id, why);
                    unfit.push((resource, played.0, played.1));
                }
            }
        }
        claims.keep_overwritten(unfit);
        claims
    }

    /// An object that a record of ours asks for by its name is a part of that egress, however it was overwritten: it is
    /// listed as changed there. What it opens is somebody else's all the same.
    fn keep_overwritten(&mut self, unfit: Vec<(&'a Resource, Role, DnsName)>) {
        if unfit.is_empty() {
            return;
        }
        let holders =
            self.ours.iter().filter(|(resource, ..)| resource.annotations.contains_key(metadata::LAYOUT));
        let records: HashMap<(&str, &DnsName), Record> = holders
            .filter_map(|(resource, _, host)| {
                Some(((resource.id.namespace.as_str(), host), Record::read(resource).ok()?))
            })
            .collect();
        let asked = unfit.into_iter().filter(|(resource, role, host)| {
            let record = records.get(&(resource.id.namespace.as_str(), host));
            record.is_some_and(|record| record.names.object(&record.intent, *role) == resource.id.name)
        });
        let asked: Vec<_> = asked.collect();
        self.ours.extend(asked);
    }

    /// Whether an object is somebody else's: it does not say that it is ours, or it says so and is not.
    pub(super) fn is_foreign(&self, resource: &Resource) -> bool {
        !metadata::is_ours(resource) || self.impostors.contains_key(&resource.id)
    }
}

/// The objects that say that they are ours and are not, in the order of the snapshot.
pub fn impostors(snapshot: &Snapshot) -> Vec<Impostor<'_>> {
    let claims = Claims::of(snapshot);
    let resources = snapshot.resources.iter();
    let told = resources.filter_map(|resource| {
        Some(Impostor { object: &resource.id, why: claims.impostors.get(&resource.id)?.clone() })
    });
    told.collect()
}

/// The part and the host of an object with our label; nothing where it serves every host of a gateway.
fn part(resource: &Resource) -> Result<Option<(Role, DnsName)>, String> {
    let role = metadata::role(resource).ok_or("it has no record: no annotation names its role")?;
    if role.kind() != resource.id.kind {
        return Err(format!("its annotation says that it is the {role}, which is a {}", role.kind()));
    }
    if role.is_of_pair() {
        return Ok(None);
    }
    let host = metadata::host(resource).ok_or("it has no record: no annotation names its host")?;
    let host = DnsName::parse(host).map_err(|_| "the annotation for its host names no host")?;
    Ok(Some((role, host)))
}

/// What an object opens beside its host.
fn other_opening(resource: &Resource, role: Role, host: &DnsName, domain: &str) -> Option<String> {
    let upstream = upstream_host(host.as_str(), &resource.id.namespace);
    match &resource.spec {
        Spec::ServiceEntry(entry) => {
            let own = if role == Role::Upstream { upstream.as_str() } else { host.as_str() };
            // The callers' entry may have the gateway as its endpoint, which opens nothing.
            let inside = |address: &str| role == Role::Client && is_in_cluster(address, domain);
            of_entry(entry, own, &|address| same(address, host.as_str()) || inside(address))
        }
        Spec::VirtualService(rules) => of_routes(rules, host.as_str(), &upstream, domain),
        Spec::DestinationRule(policy) => {
            let known = is_in_cluster(&policy.host, domain) || same(&policy.host, host.as_str());
            (!known).then(|| policy.host.clone())
        }
        Spec::Gateway(gateway) => of_servers(gateway, host.as_str()),
        Spec::Sidecar(_) | Spec::Untyped(_) => None,
    }
}

fn of_entry(entry: &ServiceEntrySpec, own: &str, is_own: &dyn Fn(&str) -> bool) -> Option<String> {
    if let Some(other) = entry.hosts.iter().find(|found| !same(found, own)) {
        return Some(other.clone());
    }
    let endpoints = entry.endpoints.iter().flatten();
    let mut addresses = endpoints.map(|endpoint| endpoint.address.as_deref().unwrap_or_default());
    if let Some(other) = addresses.find(|address| !is_own(address)) {
        return Some(other.to_owned());
    }
    if entry.workload_selector.is_some() {
        return Some("the workloads of its selector".to_owned());
    }
    let passes =
        entry.resolution.as_ref().is_none_or(|resolution| *resolution == ServiceEntryResolution::None);
    entry.addresses.iter().flatten().next().filter(|_| passes).cloned()
}

fn of_routes(routes: &VirtualServiceSpec, host: &str, upstream: &str, domain: &str) -> Option<String> {
    if let Some(other) = routes.hosts.iter().flatten().find(|found| !same(found, host)) {
        return Some(other.clone());
    }
    let names =
        routes.tls.iter().flatten().flat_map(|rule| &rule.r#match).flat_map(|matched| &matched.sni_hosts);
    if let Some(other) = names.into_iter().find(|found| !same(found, host)) {
        return Some(other.clone());
    }
    if let Some(delegate) = routes.http.iter().flatten().find_map(|rule| rule.delegate.as_ref()) {
        let name = delegate.name.as_deref().unwrap_or_default();
        return Some(format!("the destination of VirtualService {name}"));
    }
    destinations(routes)
        .map(|destination| destination.host)
        .find(|found| !same(found, host) && !same(found, upstream) && !is_in_cluster(found, domain))
        .map(str::to_owned)
}

/// A Gateway opens nothing by itself: one that was given more hosts is ours still, one that is for others is not.
fn of_servers(gateway: &GatewaySpec, host: &str) -> Option<String> {
    let servers = gateway.servers.iter().flatten();
    // `./host` and `namespace/host` mean the host for VirtualServices of one namespace.
    let mut hosts = servers.flat_map(|server| &server.hosts).peekable();
    let other = hosts.peek().map(|other| (*other).clone());
    let names = |found: &String| same(found.rsplit_once('/').map_or(found, |(_, found)| found), host);
    other.filter(|_| !hosts.any(names))
}

/// Istio compares hosts without regard to case; a dot at the end means the same host.
fn same(one: &str, other: &str) -> bool {
    one.strip_suffix('.').unwrap_or(one).eq_ignore_ascii_case(other)
}

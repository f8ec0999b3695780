//! The calls of others that planned objects may change: of the same host, at the same gateway, or on the same port.
//!
//! Of what is alike for istiod one call stands for all, so that a mesh with many hosts costs no more than one with few. Knows
//! which objects share something. Follows no call.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::callers::CallingPods;
use super::question::Preflight;
use super::target_call::{Spoken, TargetCall, callable};
use crate::callers::callers;
use crate::intent::Intent;
use crate::istio::protocol::PortProtocol;
use crate::istio::server::servers;
use crate::kind::Kind;
use crate::resource::Resource;
use crate::visibility::destination_rule::full_host;
use crate::visibility::virtual_service::serves_mesh;

/// So many calls are tried for one command.
const MOST_CALLS: usize = 400;
/// So many objects that are alike in nothing are tried of one gateway, or of one port.
const MOST_OF_A_KIND: usize = 12;
/// So many of the caller namespaces stand for all of them.
const MOST_CALLERS: usize = 3;

/// A call that is not part of a request.
pub(super) struct OverlappingCall<'a> {
    pub(super) target: TargetCall,
    /// The namespace of the caller.
    pub(super) namespace: String,
    /// The object that makes it likely.
    pub(super) source: Option<&'a Resource>,
}

/// Each call once.
pub(super) fn overlapping<'a>(
    preflight: &Preflight<'_, 'a>,
    pods: &CallingPods<'_>,
) -> Vec<OverlappingCall<'a>> {
    let mut found = Overlap { preflight, pods, calls: Vec::new(), seen: BTreeSet::new() };
    for (intent, _) in preflight.wanted {
        found.of_host(intent);
    }
    let mut gateways = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for (intent, _) in preflight.wanted {
        if gateways.insert(&intent.gateway) {
            found.at_gateway(intent);
        }
        let fresh: Vec<u16> =
            intent.ports.iter().map(|port| port.number).filter(|port| ports.insert(*port)).collect();
        found.on_ports(intent, &fresh);
    }
    found.calls
}

struct Overlap<'q, 's, 'a> {
    preflight: &'q Preflight<'s, 'a>,
    pods: &'q CallingPods<'q>,
    calls: Vec<OverlappingCall<'a>>,
    seen: BTreeSet<(TargetCall, String)>,
}

impl<'a> Overlap<'_, '_, 'a> {
    /// The host itself, and a name below each wildcard over it.
    fn of_host(&mut self, intent: &Intent) {
        let host = intent.host.as_str();
        let index = self.preflight.index;
        for entry in index.service_entries(host) {
            let targets = targets_of(entry, host);
            self.add(targets, entry, intent);
        }
        for route in index.virtual_services(host) {
            let targets = targets_of_route(route, host, intent);
            self.add(targets, route, intent);
        }
    }

    /// One host of each sort of server, and of each way to the gateway.
    fn at_gateway(&mut self, intent: &Intent) {
        let index = self.preflight.index;
        let Some(gateway) = self.preflight.index.snapshot().gateway(&intent.gateway) else { return };
        let service = gateway.name.service_host(&self.preflight.index.snapshot().mesh.cluster_domain);
        let mut hosts: Vec<String> = Vec::new();
        let mut sorts = BTreeSet::new();
        for server in index.of_kind(Kind::Gateway).iter().flat_map(|object| servers(object, gateway)) {
            let sort = (server.listens_on, server.spec.port.protocol.as_str(), server.expects);
            let mut names = server.hosts().filter(|host| callable(host).is_some());
            if let Some(host) = names.next().filter(|_| sorts.insert(sort)) {
                hosts.push(host.to_owned());
            }
        }
        let mut ways = BTreeSet::new();
        let mut leading: Vec<(String, &Resource)> = Vec::new();
        for route in index.of_kind(Kind::VirtualService) {
            let Some(spec) = route.virtual_service().filter(|spec| serves_mesh(spec)) else { continue };
            let owner = &route.id.namespace;
            let leads = |host: &str| full_host(host, owner, &self.preflight.index.snapshot().mesh) == service;
            let http = spec.http.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
            let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
            let http =
                http.map(|one| (Spoken::Http, &one.destination.host, one.destination.subset.as_deref()));
            let tls = tls.map(|one| (Spoken::Tls, &one.destination.host, one.destination.subset.as_deref()));
            let mut found = http.chain(tls).filter(|(_, host, _)| leads(host));
            let is_new = found.any(|(kind, _, subset)| ways.insert((kind, subset)));
            let first =
                spec.hosts.iter().flatten().take(usize::from(is_new)).filter_map(|host| callable(host));
            leading.extend(first.map(|host| (host, *route)));
        }
        for (host, route) in leading.iter().take(MOST_OF_A_KIND) {
            self.add(targets_of_route(route, host, intent), route, intent);
        }
        hosts.extend(leading.into_iter().map(|(host, _)| host));
        for host in hosts.iter().take(MOST_OF_A_KIND) {
            for entry in index.service_entries(host) {
                let targets = targets_of(entry, &callable(host).unwrap_or_default());
                self.add(targets, entry, intent);
            }
        }
    }

    /// One host of each sort of port with the same number that the callers see.
    fn on_ports(&mut self, intent: &Intent, ports: &[u16]) {
        let mut sorts = BTreeSet::new();
        for entry in self.preflight.index.of_kind(Kind::ServiceEntry) {
            let Some(spec) = entry.service_entry() else { continue };
            for port in spec.ports.iter().flatten() {
                let is_same = u16::try_from(port.number).is_ok_and(|number| ports.contains(&number));
                let has_address = spec.addresses.as_ref().is_some_and(|addresses| !addresses.is_empty());
                let sort = (port.number, port.protocol.as_deref(), has_address);
                if is_same && sorts.len() < MOST_OF_A_KIND && sorts.insert(sort) {
                    let host = spec.hosts.first().and_then(|host| callable(host)).unwrap_or_default();
                    let targets = targets_of(entry, &host);
                    self.add(targets, entry, intent);
                }
            }
        }
        let snapshot = self.preflight.index.snapshot();
        let mut sorts = BTreeSet::new();
        for service in &snapshot.services {
            for port in service.ports.iter().filter(|port| ports.contains(&port.number)) {
                let protocol =
                    PortProtocol::of_service_port(port.number, &port.name, port.app_protocol.as_deref());
                let kind = Spoken::of_port(protocol);
                let sort =
                    (port.number, kind, protocol == PortProtocol::Unsaid, service.addresses.is_empty());
                if !sorts.insert(sort) {
                    continue;
                }
                let host =
                    format!("{}.{}.svc.{}", service.name, service.namespace, snapshot.mesh.cluster_domain);
                let address = service.addresses.first().and_then(|address| address.parse().ok());
                let target = TargetCall { host, port: port.number, kind, address };
                for namespace in self.callers(intent) {
                    self.push(target.clone(), namespace, None);
                }
            }
        }
    }

    /// These calls, of the namespaces that see an object and may have something of their own, and of one that stands for all
    /// others.
    fn add(&mut self, targets: Vec<TargetCall>, source: &'a Resource, intent: &Intent) {
        let words = match &source.spec {
            crate::resource::Spec::ServiceEntry(spec) => spec.export_to.as_deref(),
            crate::resource::Spec::VirtualService(spec) => spec.export_to.as_deref(),
            _ => None,
        };
        let words = words.unwrap_or_default();
        let mut namespaces = vec![source.id.namespace.clone()];
        if words.is_empty() || words.iter().any(|word| word == "*") {
            let callers = self.callers(intent);
            let is_other = |namespace: &&str| !namespaces.iter().chain(&callers).any(|one| one == namespace);
            let other = self.pods.namespaces().find(is_other).map(str::to_owned);
            namespaces.extend(callers.into_iter().chain(other));
        }
        namespaces.extend(words.iter().filter(|word| !matches!(word.as_str(), "." | "*" | "~")).cloned());
        for target in targets {
            for namespace in &namespaces {
                self.push(target.clone(), namespace.clone(), Some(source));
            }
        }
    }

    fn callers(&self, intent: &Intent) -> Vec<String> {
        let mut all = callers(&intent.export_to, &intent.namespace, self.preflight.index.snapshot());
        all.truncate(MOST_CALLERS);
        all
    }

    fn push(&mut self, target: TargetCall, namespace: String, source: Option<&'a Resource>) {
        // Names that a dialect makes up belong to the egress: no application calls them.
        let is_made_up = self.preflight.wanted.iter().any(|(intent, _)| {
            let upstream = intent.layout.dialect().upstream_host(intent.host.as_str(), &intent.namespace);
            target.host == upstream && upstream != intent.host.as_str()
        });
        if is_made_up {
            return;
        }
        if self.calls.len() < MOST_CALLS && self.seen.insert((target.clone(), namespace.clone())) {
            self.calls.push(OverlappingCall { target, namespace, source });
        }
    }
}

/// The ports of an entry, called by a host that it covers, and by one below each of its wildcards over that.
fn targets_of(entry: &Resource, host: &str) -> Vec<TargetCall> {
    let Some(spec) = entry.service_entry().filter(|_| !host.is_empty()) else { return Vec::new() };
    let address = spec.addresses.iter().flatten().find_map(|address| first_address(address));
    let mut targets = Vec::new();
    for host in names(&spec.hosts, host) {
        for port in spec.ports.iter().flatten() {
            let Ok(number) = u16::try_from(port.number) else { continue };
            let protocol = PortProtocol::parse(port.protocol.as_deref().unwrap_or_default());
            let (kind, host) = (Spoken::of_port(protocol), host.clone());
            targets.push(TargetCall { host, port: number, kind, address });
        }
    }
    targets
}

/// The ports that a route names, and those of the request.
fn targets_of_route(route: &Resource, host: &str, intent: &Intent) -> Vec<TargetCall> {
    let Some(spec) = route.virtual_service().filter(|spec| serves_mesh(spec)) else { return Vec::new() };
    let http = spec.http.iter().flatten().flat_map(|rule| rule.r#match.iter().flatten());
    let http = http.filter_map(|one| Some((u16::try_from(one.port?).ok()?, Spoken::Http)));
    let tls = spec.tls.iter().flatten().flat_map(|rule| &rule.r#match);
    let tls = tls.filter_map(|one| Some((u16::try_from(one.port?).ok()?, Spoken::Tls)));
    let asked = intent.ports.iter().map(|port| (port.number, Spoken::of(port.protocol)));
    let ports: BTreeSet<(u16, Spoken)> = http.chain(tls).chain(asked).collect();
    let hosts = spec.hosts.as_deref().unwrap_or_default();
    let target = |(port, kind): &(u16, Spoken), host: &String| TargetCall {
        host: host.clone(),
        port: *port,
        kind: *kind,
        address: None,
    };
    let names = names(hosts, host);
    names.iter().flat_map(|host| ports.iter().map(|port| target(port, host))).collect()
}

/// A host, and a name below each of these wildcards over it.
fn names(patterns: &[String], host: &str) -> BTreeSet<String> {
    let covering =
        |pattern: &&String| pattern.starts_with('*') && crate::visibility::host_matches(pattern, host);
    let below = patterns.iter().filter(covering).filter_map(|pattern| callable(pattern));
    below.chain([host.to_owned()]).collect()
}

/// An address, or the first of a range.
pub(super) fn first_address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<ipnet::IpNet>().ok().map(|range| range.addr()))
}

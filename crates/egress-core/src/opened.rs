//! What objects open: every host and address that pods may call because of them, with any author and any name.
//!
//! Pure. Reads specs only: labels and annotations say what somebody claims. Says nothing of what cannot be told as hosts and
//! ports; that is in [`unjudged`].

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use egress_istio::service_entry::{
    ServiceEntryEndpoints, ServiceEntryLocation, ServiceEntryResolution, ServiceEntrySpec,
};

use crate::names::is_upstream_host;
use crate::related_resources::GatewayApiObject;
use crate::resource::{ObjectId, Resource, Spec};
use crate::snapshot::{ServiceFacts, Snapshot};
use crate::visibility::destinations::is_in_cluster;

mod backends;
mod routes;
pub mod unjudged;

use routes::Gateways;

/// Hosts and addresses that the objects of one namespace open.
pub type Opened = BTreeMap<(String, String), BTreeSet<Opening>>;

/// One port of a host that is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// The port.
    pub port: u16,
    /// What is spoken, as objects of Istio write it: `HTTP`, `TLS`, `TCP`.
    pub protocol: String,
    /// The object that opens it, in kubectl's words.
    pub by: String,
}

/// The objects that may open destinations.
pub struct OpeningSources<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// Routes of the Gateway API.
    pub gateway_api: &'a [GatewayApiObject],
    /// Addresses of workloads outside of the cluster.
    pub workloads: &'a [OutsideWorkload],
    /// Objects that are known to open what their record says and nothing else.
    pub known: &'a HashSet<&'a ObjectId>,
    /// The namespace that is asked about; none: all.
    pub namespace: Option<&'a str>,
}

/// A `WorkloadEntry`: an address that ServiceEntries select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideWorkload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its address: an IP address or a host.
    pub address: String,
    /// Its ports by number.
    pub ports: Vec<u16>,
}

/// Everything that is open, by namespace and host.
pub fn opened(sources: &OpeningSources<'_>) -> Opened {
    let snapshot = sources.snapshot;
    let mut found = Finder { opened: Opened::new(), domain: &snapshot.mesh.cluster_domain };
    let gateways = Gateways::of(snapshot);
    let here = |namespace: &str| sources.namespace.is_none_or(|asked| asked == namespace);
    let judged = snapshot.resources.iter().filter(|resource| !sources.known.contains(&resource.id));
    for resource in judged.filter(|resource| here(&resource.id.namespace)) {
        match &resource.spec {
            Spec::ServiceEntry(entry) => found.entry(resource, entry),
            Spec::VirtualService(spec) => gateways.routes(resource, spec, &mut found),
            Spec::DestinationRule(rule) => routes::tunnels(resource, rule, &mut found),
            Spec::Gateway(_) | Spec::Sidecar(_) | Spec::Untyped(_) => {}
        }
    }
    for service in snapshot.services.iter().filter(|service| here(&service.namespace)) {
        found.service(service);
    }
    for workload in sources.workloads.iter().filter(|workload| here(&workload.namespace)) {
        let OutsideWorkload { namespace, name, address, ports } = workload;
        let by = format!("workloadentry/{name} in namespace {namespace}");
        let none = if ports.is_empty() { vec![0] } else { ports.clone() };
        for port in none {
            found.address(namespace, address, (port.into(), "TCP"), true, &by);
        }
    }
    for object in sources.gateway_api.iter().filter(|object| here(&object.object.namespace)) {
        backends::hosts(object, &mut found);
    }
    found.opened
}

/// Collects openings.
struct Finder<'a> {
    opened: Opened,
    domain: &'a str,
}

/// Whether a host is in a domain, and not the domain itself.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

impl Finder<'_> {
    /// A host outside of the cluster; others open nothing.
    fn host(&mut self, namespace: &str, host: &str, (port, protocol): (i64, &str), by: &str) {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let inside = ["svc", self.domain].iter().any(|domain| is_below(&host, domain));
        if host.is_empty() || inside || is_upstream_host(&host) {
            return;
        }
        // What is no port of TCP is judged all the same: as none.
        let port = u16::try_from(port).unwrap_or_default();
        let opening = Opening { port, protocol: protocol.to_owned(), by: by.to_owned() };
        self.opened.entry((namespace.to_owned(), host)).or_default().insert(opening);
    }

    /// An address that calls are sent to. `inside`: what it belongs to says that it is a part of the mesh, so that an
    /// address that the internet does not know is believed to be one of the cluster.
    fn address(&mut self, namespace: &str, address: &str, port: (i64, &str), inside: bool, by: &str) {
        // A socket of the machine itself leads nowhere else.
        if address.starts_with("unix://") {
            return;
        }
        let bare = address.split_once('/').map_or(address, |(address, _)| address);
        match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(found) if found.is_loopback() || (inside && is_private(found)) => {}
            Ok(found) if bare == address => self.host(namespace, &found.to_string(), port, by),
            _ => self.host(namespace, address, port, by),
        }
    }

    fn entry(&mut self, resource: &Resource, entry: &ServiceEntrySpec) {
        let namespace = &resource.id.namespace;
        let by = resource.id.to_string();
        let inside = entry.location == Some(ServiceEntryLocation::MeshInternal);
        let endpoints: Vec<&ServiceEntryEndpoints> = entry.endpoints.iter().flatten().collect();
        for port in entry.ports.iter().flatten() {
            let protocol = port.protocol.as_deref().unwrap_or("TCP").to_ascii_uppercase();
            let leaves = port.target_port.unwrap_or(port.number);
            for host in &entry.hosts {
                for number in [port.number, leaves] {
                    self.host(namespace, host, (number, &protocol), &by);
                }
            }
            for endpoint in &endpoints {
                let own = endpoint.ports.as_ref().and_then(|ports| ports.get(&port.name)).copied();
                let address = endpoint.address.as_deref().unwrap_or_default();
                self.address(namespace, address, (own.unwrap_or(leaves), &protocol), inside, &by);
            }
            // Where names are not resolved and nothing is behind them, calls to these addresses pass; without addresses
            // and names, as in plain TCP, calls to every address.
            let passes = !matches!(
                entry.resolution,
                Some(
                    ServiceEntryResolution::Static
                        | ServiceEntryResolution::Dns
                        | ServiceEntryResolution::DnsRoundRobin
                )
            );
            if passes && endpoints.is_empty() && entry.workload_selector.is_none() {
                let addresses = entry.addresses.iter().flatten();
                for address in addresses.clone() {
                    self.address(namespace, address, (port.number, &protocol), inside, &by);
                }
                let named =
                    ["HTTP", "HTTPS", "TLS", "HTTP2", "GRPC", "GRPC-WEB"].contains(&protocol.as_str());
                if addresses.count() == 0 && !named {
                    self.host(namespace, "*", (port.number, &protocol), &by);
                }
            }
        }
    }

    fn service(&mut self, service: &ServiceFacts) {
        let Some(name) = &service.external_name else { return };
        if is_in_cluster(name, self.domain) {
            return;
        }
        let by = format!("service/{} in namespace {}", service.name, service.namespace);
        let ports: Vec<i64> = service.ports.iter().map(|port| port.number.into()).collect();
        for port in if ports.is_empty() { vec![443] } else { ports } {
            self.address(&service.namespace, name, (port, "TCP"), false, &by);
        }
    }
}

/// Addresses that lead nowhere on the internet: those of RFC 1918 and RFC 4193. Link-local ones are not among them:
/// clouds have their metadata services there.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

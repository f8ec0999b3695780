//! What istiod calls a service: a Kubernetes Service, or one host at one address of a ServiceEntry.
//!
//! Follows `convertServices` in `pilot/pkg/serviceregistry/serviceentry/conversion.go` and `ConvertService` in
//! `pkg/kube`. Knows nothing of who sees it, and nothing of where its endpoints are.

use std::borrow::Cow;
use std::cmp::Ordering;

use egress_istio::service_entry::{ServiceEntryLocation, ServiceEntryResolution};
use jiff::Timestamp;

use crate::istio::protocol::PortProtocol;
use crate::resource::Resource;
use crate::snapshot::{MeshFacts, ServiceFacts};

/// A service of the mesh.
#[derive(Clone, Debug)]
pub(super) struct MeshService<'a> {
    /// Its name in full.
    pub(super) host: Cow<'a, str>,
    pub(super) namespace: &'a str,
    pub(super) source: ServiceSource<'a>,
    pub(super) ports: Vec<MeshPort<'a>>,
    /// Its addresses, the first is the one of its listeners; none for `0.0.0.0`. An address may be a range.
    pub(super) addresses: Vec<Cow<'a, str>>,
    pub(super) resolution: MeshResolution,
    /// `MESH_EXTERNAL`: sidecars speak no mesh mTLS to it unasked.
    pub(super) is_external: bool,
    /// Services of type ExternalName that are names of it, in full.
    pub(super) aliases: Vec<String>,
    /// By `exportTo` or the annotation; none: the mesh's default.
    pub(super) export_to: Option<&'a [String]>,
    pub(super) created: Option<Timestamp>,
    /// The name by which istiod sorts services of one age.
    name: &'a str,
}

/// The object of a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum ServiceSource<'a> {
    Kubernetes(&'a ServiceFacts),
    Entry(&'a Resource),
}

impl ServiceSource<'_> {
    /// The kind, the namespace and the name of the object.
    pub(super) fn id(&self) -> (&'static str, &str, &str) {
        match self {
            ServiceSource::Kubernetes(facts) => ("Service", &facts.namespace, &facts.name),
            ServiceSource::Entry(entry) => ("ServiceEntry", &entry.id.namespace, &entry.id.name),
        }
    }
}

/// A port of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MeshPort<'a> {
    pub(super) number: u16,
    pub(super) name: &'a str,
    pub(super) protocol: PortProtocol,
}

/// How a proxy finds the endpoints of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MeshResolution {
    /// istiod sends them.
    Endpoints,
    /// The proxy asks DNS.
    Dns,
    /// The proxy asks DNS, and takes one address for some time.
    DnsRoundRobin,
    /// The proxy asks DNS for the name of each request.
    DynamicDns,
    /// Where the application wanted to go.
    Original,
    /// It is another name of a Service.
    Alias,
}

impl MeshResolution {
    /// Whether istiod sends names for the proxy to resolve.
    pub(super) fn asks_dns(self) -> bool {
        matches!(self, MeshResolution::Dns | MeshResolution::DnsRoundRobin)
    }
}

/// The label by which an entry asks for no address.
const ALLOCATES: &str = "networking.istio.io/enable-autoallocate-ip";

impl<'a> MeshService<'a> {
    /// A Kubernetes Service.
    pub(super) fn of_kubernetes(facts: &'a ServiceFacts, mesh: &MeshFacts) -> Self {
        let ports = facts.ports.iter().map(|port| MeshPort {
            number: port.number,
            name: &port.name,
            protocol: if port.udp {
                PortProtocol::Udp
            } else {
                PortProtocol::of_service_port(port.number, &port.name, port.app_protocol.as_deref())
            },
        });
        MeshService {
            host: format!("{}.{}.svc.{}", facts.name, facts.namespace, mesh.cluster_domain).into(),
            namespace: &facts.namespace,
            source: ServiceSource::Kubernetes(facts),
            ports: ports.collect(),
            addresses: facts.addresses.iter().map(Cow::from).collect(),
            resolution: match &facts.external_name {
                Some(_) => MeshResolution::Alias,
                None if facts.headless => MeshResolution::Original,
                None => MeshResolution::Endpoints,
            },
            is_external: facts.external_name.is_some(),
            aliases: Vec::new(),
            export_to: facts.export_to.as_deref(),
            created: facts.created,
            name: &facts.name,
        }
    }

    /// The services of a ServiceEntry: one for each host and address. An address that istiod gave to a host counts where the
    /// proxies answer for DNS.
    pub(super) fn of_entry(entry: &'a Resource, mesh: &MeshFacts) -> Vec<Self> {
        let Some(spec) = entry.service_entry() else { return Vec::new() };
        let ports = spec.ports.iter().flatten().filter_map(|port| {
            Some(MeshPort {
                number: u16::try_from(port.number).ok()?,
                name: &port.name,
                protocol: PortProtocol::parse(port.protocol.as_deref().unwrap_or_default()),
            })
        });
        let ports: Vec<MeshPort<'a>> = ports.collect();
        let resolution = match spec.resolution {
            None | Some(ServiceEntryResolution::None) => MeshResolution::Original,
            Some(ServiceEntryResolution::Static) => MeshResolution::Endpoints,
            Some(ServiceEntryResolution::Dns) => MeshResolution::Dns,
            Some(ServiceEntryResolution::DnsRoundRobin) => MeshResolution::DnsRoundRobin,
            Some(ServiceEntryResolution::DynamicDns) => MeshResolution::DynamicDns,
        };
        let mut found = Vec::with_capacity(spec.hosts.len());
        for host in &spec.hosts {
            let service = |address: Option<Cow<'a, str>>| MeshService {
                host: host.into(),
                namespace: &entry.id.namespace,
                source: ServiceSource::Entry(entry),
                ports: ports.clone(),
                addresses: address.into_iter().collect(),
                resolution,
                is_external: spec.location != Some(ServiceEntryLocation::MeshInternal),
                aliases: Vec::new(),
                export_to: spec.export_to.as_deref().filter(|words| !words.is_empty()),
                created: entry.live.as_ref().and_then(|live| live.created),
                name: host,
            };
            match spec.addresses.as_deref().unwrap_or_default() {
                [] if answers_for_dns(mesh) => found.push(service(allocated_v4(entry, host).map(Cow::from))),
                [] => found.push(service(None)),
                // What is no address and no range makes no service.
                addresses => found
                    .extend(addresses.iter().filter_map(|text| address(text)).map(|it| service(Some(it)))),
            }
        }
        found
    }

    /// Whether a Kubernetes Service is its source.
    pub(super) fn is_kubernetes(&self) -> bool {
        matches!(self.source, ServiceSource::Kubernetes(_))
    }

    /// Whether its endpoints are pods that it selects.
    pub(super) fn selects_pods(&self) -> bool {
        match self.source {
            ServiceSource::Kubernetes(facts) => !facts.selector.is_empty(),
            ServiceSource::Entry(entry) => {
                entry.service_entry().is_some_and(|spec| spec.workload_selector.is_some())
            }
        }
    }

    /// The order in which istiod reads services: by age, name and namespace; one that does not exist yet is the last.
    /// `SortServicesByCreationTime` in `pilot/pkg/model/push_context.go`.
    pub(super) fn by_age(&self, other: &Self) -> Ordering {
        let key = |service: &MeshService<'a>| {
            (service.created.is_none(), service.created, service.name, service.namespace)
        };
        key(self).cmp(&key(other))
    }
}

/// The addresses that istiod gave to a host of an entry without its own. `ShouldV2AutoAllocateIP` in
/// `pilot/pkg/networking/serviceentry`.
pub(super) fn allocated<'a>(entry: &'a Resource, host: &str) -> &'a [String] {
    let is_asked = entry.labels.get(ALLOCATES).is_none_or(|word| !word.eq_ignore_ascii_case("false"));
    let takes_none = entry.service_entry().is_none_or(|spec| {
        matches!(spec.resolution, None | Some(ServiceEntryResolution::None))
            || spec.addresses.as_ref().is_some_and(|addresses| !addresses.is_empty())
    });
    let given = entry.live.as_ref().map(|live| &live.status.allocated).filter(|_| is_asked && !takes_none);
    given.and_then(|given| given.get(host)).map_or(&[], Vec::as_slice)
}

fn allocated_v4<'a>(entry: &'a Resource, host: &str) -> Option<&'a str> {
    allocated(entry, host).iter().map(String::as_str).find(|address| !address.contains(':'))
}

/// Whether the proxies of a mesh answer for DNS: only these use addresses that istiod gave. `nodeUsesAutoallocatedIPs` in
/// `pilot/pkg/model/service.go`. What single pods set is not known.
fn answers_for_dns(mesh: &MeshFacts) -> bool {
    mesh.proxy_metadata.get("ISTIO_META_DNS_CAPTURE").is_some_and(|word| word == "true")
}

/// An address of a ServiceEntry: a range of one address is that address; none for what is neither.
fn address(text: &str) -> Option<Cow<'_, str>> {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Some(text.into());
    }
    let range: ipnet::IpNet = text.parse().ok()?;
    let is_one = range.prefix_len() == range.max_prefix_len();
    Some(if is_one { range.addr().to_string().into() } else { text.into() })
}

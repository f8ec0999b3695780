//! Why a call did not take the way that a VirtualService wants: the object and field that decided, and those that lost.
//!
//! Reads the end of a passage and looks for what would have let it go on. Writes no sentences.

use std::sync::Arc;

use super::cluster::{ClusterEnds, ClusterKey, cluster};
use super::gateway::{OpenedServer, opened};
use super::host_name::overlap;
use super::proxies::Simulation;
use super::proxy::Proxy;
use super::service::ServiceSource;
use super::world::World;
use crate::istio::bound::full_name;
use crate::istio::call::{Call, End, Passage, Refusal, Speaks};
use crate::istio::protocol::PortProtocol;
use crate::proxy::port_and_host;
use crate::resource::Resource;
use crate::visibility::virtual_service::{MESH, gateway_name};

/// Why a call ended where it did.
#[derive(Clone, Debug)]
pub enum EndCause<'w> {
    /// The caller's entry declares another protocol for the port than the rules of the VirtualService are for.
    OtherProtocolDeclared {
        /// The ServiceEntry.
        entry: &'w Resource,
        /// The place of the port in `spec.ports`.
        index: usize,
    },
    /// Another VirtualService takes the call.
    TakenBy(String),
    /// The proxy does not see the Service or ServiceEntry that a rule leads to.
    Hidden {
        /// Its kind, namespace and name.
        object: (&'static str, String, String),
        /// The namespace of the proxy.
        viewer: String,
    },
    /// Nothing declares the host that a rule leads to.
    NotDeclared {
        /// The host.
        host: String,
    },
    /// It is declared, but without the port.
    NoPort {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The ports that it has.
        declared: Vec<u16>,
    },
    /// No DestinationRule that the proxy uses has the subset.
    NoSubset {
        /// The host.
        host: String,
        /// The subset.
        subset: String,
    },
    /// Nothing listens on the pod's port.
    NotOpened {
        /// The gateway's pod: `namespace/name`.
        pod: String,
        /// The port.
        port: u16,
        /// It may not open ports below 1024.
        is_privileged: bool,
        /// A setting of istiod leaves Gateway objects of other namespaces out.
        is_scoped: bool,
        /// What is opened on the pod instead.
        opened: Vec<OpenedServer<'w>>,
    },
    /// A server takes the connection's port, but follows other rules than the VirtualService has.
    OtherRules {
        /// The Gateway object.
        gateway: &'w Resource,
        /// The place of the server.
        index: usize,
        /// The rules that it follows: `http`, `tls` or `tcp`.
        follows: &'static str,
    },
    /// No VirtualService with the host is bound to a Gateway object of the pod.
    NotBound {
        /// The pod: `namespace/name`.
        pod: String,
        /// Its Gateway objects: `namespace/name`.
        gateways: Vec<String>,
        /// The names that VirtualServices of the host give instead.
        named: Vec<String>,
    },
}

/// The reason for the end of a passage that `route` wanted to lead through a gateway; none where it is not found.
pub(super) fn cause<'w>(
    simulation: &Simulation<'w>,
    call: &Call,
    host: &str,
    route: &Resource,
    passage: &Passage,
) -> Option<EndCause<'w>> {
    let last = passage.hops.last();
    let at_gateway = last.filter(|hop| hop.proxy != call.caller);
    match &passage.end {
        End::Refused(Refusal::NoCluster) => no_cluster(simulation, call, &last?.cluster, &last?.proxy),
        End::Refused(Refusal::NoListener) => not_opened(simulation, call, passage),
        End::Refused(Refusal::NoRoute | Refusal::NoFilterChain | Refusal::OtherProtocol) => {
            at_servers(simulation, call, host, passage)
        }
        End::Leaves { .. } | End::Arrives { .. } | End::Refused(Refusal::Blocked) if at_gateway.is_none() => {
            let wanted = format!("{}/{}", route.id.namespace, route.id.name);
            let other = last.and_then(|hop| hop.route.clone()).filter(|other| *other != wanted);
            other.map(EndCause::TakenBy).or_else(|| other_protocol(simulation.world, call, host))
        }
        _ => None,
    }
}

/// The entry of the caller that declares the port for other bytes than are sent.
fn other_protocol<'w>(world: &'w World<'w>, call: &Call, host: &str) -> Option<EndCause<'w>> {
    let pod = world.pod(&call.caller)?;
    let entries = world.services_seen_by(&pod.namespace);
    let entry = entries.into_iter().find_map(|service| match service.source {
        ServiceSource::Entry(entry) if overlap(&service.host, host) => {
            let ports = entry.service_entry()?.ports.as_deref().unwrap_or_default();
            let index = ports.iter().position(|port| port.number == i64::from(call.port))?;
            let protocol = PortProtocol::parse(ports.get(index)?.protocol.as_deref().unwrap_or_default());
            let fits = match &call.speaks {
                Speaks::Http { .. } => protocol.is_http() || protocol == PortProtocol::Unsaid,
                Speaks::Tls { .. } => protocol.is_tls(),
                Speaks::Bytes => !protocol.is_tls() && !protocol.is_http(),
            };
            (!fits).then_some((entry, index))
        }
        _ => None,
    })?;
    Some(EndCause::OtherProtocolDeclared { entry: entry.0, index: entry.1 })
}

fn no_cluster<'w>(
    simulation: &Simulation<'w>,
    call: &Call,
    cluster: &str,
    proxy: &str,
) -> Option<EndCause<'w>> {
    let proxy = proxy_of(simulation, call, proxy)?;
    let scope = &proxy.scope;
    let (port, host) = port_and_host(cluster)?;
    if let Some(known) = scope.service(host) {
        if known.port(port).is_none() {
            let declared = known.ports.iter().map(|port| port.number).collect();
            return Some(EndCause::NoPort { host: host.to_owned(), port, declared });
        }
        let subset = cluster.split('|').nth(2).unwrap_or_default();
        return (!subset.is_empty())
            .then(|| EndCause::NoSubset { host: host.to_owned(), subset: subset.to_owned() });
    }
    let hidden = simulation.world.by_namespace(host);
    let Some(service) = hidden.first() else { return Some(EndCause::NotDeclared { host: host.to_owned() }) };
    let object = match service.source {
        ServiceSource::Kubernetes(facts) => ("Service", facts.namespace.clone(), facts.name.clone()),
        ServiceSource::Entry(entry) => ("ServiceEntry", entry.id.namespace.clone(), entry.id.name.clone()),
    };
    Some(EndCause::Hidden { object, viewer: scope.pod.namespace.clone() })
}

fn not_opened<'w>(simulation: &Simulation<'w>, call: &Call, passage: &Passage) -> Option<EndCause<'w>> {
    let (pod, port) = reached(simulation, call, passage)?;
    let facts = simulation.world.pod(&pod)?;
    let gateway = simulation.gateway(facts);
    let is_privileged = facts.proxy.as_ref().is_some_and(|proxy| proxy.unprivileged) && port < 1024;
    let is_scoped = simulation.world.features.scopes_gateways();
    let opened = opened(&gateway.scope, gateway.servers());
    Some(EndCause::NotOpened { pod, port, is_privileged, is_scoped, opened })
}

/// The gateway's pod, and its port, that the last hop leads to.
fn reached(simulation: &Simulation<'_>, call: &Call, passage: &Passage) -> Option<(String, u16)> {
    let hop = passage.hops.last()?;
    let proxy = proxy_of(simulation, call, &hop.proxy)?;
    let ClusterEnds::Endpoints(endpoints) =
        cluster(&proxy.scope, &ClusterKey::parse(&hop.cluster)?).ok()?.ends
    else {
        return None;
    };
    let pods = endpoints
        .iter()
        .filter_map(|(endpoint, _)| Some((simulation.world.pod_at(&endpoint.address)?, endpoint.port)));
    let mut gateways = pods.filter(|(pod, _)| !pod.has_sidecar);
    gateways.next().map(|(pod, port)| (format!("{}/{}", pod.namespace, pod.name), port))
}

fn proxy_of<'w>(simulation: &Simulation<'w>, call: &Call, proxy: &str) -> Option<Arc<Proxy<'w>>> {
    let pod = simulation.world.pod(proxy)?;
    let is_caller = proxy == call.caller;
    Some(if is_caller { simulation.sidecar(pod) } else { simulation.gateway(pod) })
}

/// What the servers of the port that was reached want.
fn at_servers<'w>(
    simulation: &Simulation<'w>,
    call: &Call,
    host: &str,
    passage: &Passage,
) -> Option<EndCause<'w>> {
    let (pod, port) = reached(simulation, call, passage)?;
    let world = simulation.world;
    let gateway = simulation.gateway(world.pod(&pod)?);
    let opened = opened(&gateway.scope, gateway.servers());
    let gateways: Vec<String> = opened.iter().map(|server| full_name(server.gateway)).collect();
    let routes: Vec<&'w Resource> = world.virtual_services.about(host).collect();
    let names = |resource: &Resource| -> Vec<String> {
        let names = resource.virtual_service().into_iter().flat_map(|spec| spec.gateways.iter().flatten());
        names.filter(|name| *name != MESH).map(|name| gateway_name(name, &resource.id.namespace)).collect()
    };
    let bound = routes.iter().find(|resource| names(resource).iter().any(|name| gateways.contains(name)));
    let Some(bound) = bound else {
        let mut instead: Vec<String> = routes.iter().flat_map(|resource| names(resource)).collect();
        instead.sort();
        instead.dedup();
        let mut gateways = gateways;
        gateways.sort();
        gateways.dedup();
        return Some(EndCause::NotBound { pod, gateways, named: instead });
    };
    let spec = bound.virtual_service()?;
    let has = |follows: &str| match follows {
        "http" => spec.http.as_ref().is_some_and(|rules| !rules.is_empty()),
        "tls" => spec.tls.as_ref().is_some_and(|rules| !rules.is_empty()),
        _ => spec.tcp.as_ref().is_some_and(|rules| !rules.is_empty()),
    };
    let wanted = names(bound);
    let server = opened.into_iter().find(|server| {
        server.pod_port == port && wanted.contains(&full_name(server.gateway)) && !has(server.follows)
    })?;
    Some(EndCause::OtherRules { gateway: server.gateway, index: server.index, follows: server.follows })
}

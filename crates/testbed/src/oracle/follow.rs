//! What Envoys do with one call, by the configuration that istiod sends them.
//!
//! The call goes from proxy to proxy until it leaves, arrives or is refused; where several ways are possible, all of them
//! are taken. Not known: what a service says that authorizes, what EnvoyFilters add beside routes and clusters, ports that the pod's
//! annotations keep from the sidecar, and what servers outside say.

mod authorization;
mod chain_matcher;
mod chains;
mod connection;
mod destination;
mod hosts;
mod listeners;
mod matches;
mod routes;
mod tls;
mod ztunnel;

use std::{collections::BTreeMap, net::IpAddr};

use egress_core::istio::call::{Call, End, Hop, Passage, Refusal};

use self::{
    authorization::AuthorizedCall,
    connection::{Content, OpenedConnection},
    destination::{Destination, Target},
    listeners::Entry,
    matches::SeenRequest,
};
use super::{
    envoy::{EnvoyFilterChain, FilterConfig, TlsContext},
    protocol::{ProxyConfiguration, ProxyKind},
    surroundings::Surroundings,
};

/// A call that comes to the same gateway more often goes in a circle.
const VISITS: usize = 4;
/// The port of HBONE.
const HBONE: u16 = 15008;
/// The listener of a waypoint that ends HBONE, and the one that it passes on to.
const TERMINATES: &str = "connect_terminate";
const INSIDE: &str = "main_internal";

/// Every way that a call may take, sorted. A caller without a sidecar among the proxies calls by itself.
pub fn follow(
    proxies: &BTreeMap<String, ProxyConfiguration>,
    surroundings: &Surroundings,
    call: &Call,
) -> Vec<Passage> {
    let connection = OpenedConnection {
        address: call.address,
        port: call.port,
        source: surroundings.address(&call.caller),
        content: Content::of(&call.speaks),
    };
    let mut journey = Journey { proxies, surroundings, hops: Vec::new(), found: Vec::new() };
    match proxies.get_key_value(&call.caller) {
        Some((pod, proxy)) if proxy.kind == ProxyKind::Sidecar => {
            match listeners::captured(proxy, &connection) {
                Some(entry) => journey.enter(pod, proxy, &entry, &connection),
                None => journey.refuse(Refusal::NoListener),
            }
        }
        _ if surroundings.is_captured(&call.caller) => journey.by_ztunnel(&connection),
        _ => journey.arrive(&call.address.to_string(), call.port, connection.source, connection.content),
    }
    journey.found.sort();
    journey.found.dedup();
    journey.found
}

struct Journey<'a> {
    proxies: &'a BTreeMap<String, ProxyConfiguration>,
    surroundings: &'a Surroundings,
    hops: Vec<Hop>,
    found: Vec<Passage>,
}

impl<'a> Journey<'a> {
    fn end(&mut self, end: End) {
        self.found.push(Passage { hops: self.hops.clone(), end });
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.end(End::Refused(refusal));
    }

    /// A connection at a listener of a proxy.
    fn enter(
        &mut self,
        pod: &str,
        proxy: &'a ProxyConfiguration,
        entry: &Entry<'a>,
        connection: &OpenedConnection,
    ) {
        let seen = entry.seen(connection);
        let Some(chain) = chains::choose(entry.listener, &seen) else {
            return self.refuse(Refusal::NoFilterChain);
        };
        let ended = tls::context(chain.transport_socket.as_ref());
        let is_encrypted = ended.is_some();
        // Inside HBONE the tunnel has told who calls, and from where is not followed.
        let is_tunneled = entry.listener.name == INSIDE;
        let client = connection.source.and_then(|address| self.surroundings.pod(address));
        let identity = client.filter(|_| is_tunneled || ended.is_some_and(TlsContext::is_mesh));
        let identity = identity.and_then(|pod| self.surroundings.identity(pod));
        let Some(content) = tls::accept(chain.transport_socket.as_ref(), connection.content.clone()) else {
            return self.refuse(Refusal::OtherProtocol);
        };
        let authorized = AuthorizedCall {
            seen: &seen,
            identity: identity.as_deref(),
            source: connection.source.filter(|_| !is_tunneled),
            request: None,
        };
        let connection = OpenedConnection { content, ..connection.clone() };
        match destinations(proxy, chain, &connection, is_encrypted, authorized) {
            Ok(destinations) => {
                for destination in destinations {
                    self.send(pod, proxy, destination, &connection);
                }
            }
            Err(end) => self.end(end),
        }
    }

    /// A connection from a proxy, as its cluster says.
    fn send(
        &mut self,
        pod: &str,
        proxy: &'a ProxyConfiguration,
        destination: Destination,
        connection: &OpenedConnection,
    ) {
        if destination.cluster == destination::BLOCKED {
            return self.refuse(Refusal::Blocked);
        }
        let mut hop = Hop {
            proxy: pod.to_owned(),
            route: destination.rule,
            cluster: destination.cluster,
            service_namespace: None,
            rule: None,
            tls: None,
        };
        let Some(cluster) = proxy.clusters.iter().find(|cluster| cluster.name == hop.cluster) else {
            self.hops.push(hop);
            self.refuse(Refusal::NoCluster);
            self.hops.pop();
            return;
        };
        hop.service_namespace = destination::service_namespace(cluster);
        hop.rule = cluster.metadata.object("destination-rule");
        let content = match destination.authority {
            Some(authority) => Content::Http { authority },
            None => connection.content.clone(),
        };
        let targets = destination::targets(proxy, cluster, connection, &content, destination.name_port);
        if targets.is_empty() {
            self.hops.push(hop);
            self.refuse(Refusal::NoEndpoint);
            self.hops.pop();
            return;
        }
        for Target { host, port, socket, tunnel } in targets {
            let (content, opened) = tls::open(cluster, socket.as_ref(), content.clone());
            self.hops.push(Hop { tls: opened, ..hop.clone() });
            let source = self.surroundings.address(pod);
            match (tunnel, host.parse()) {
                (Some(listener), _) if proxy.listeners.iter().all(|own| own.name != listener) => {
                    self.refuse(Refusal::NoEndpoint);
                }
                (Some(_), Ok(address)) => {
                    self.by_hbone(&host, &OpenedConnection { address, port, source, content });
                }
                _ => self.arrive(&host, port, source, content),
            }
            self.hops.pop();
        }
    }

    /// A connection to an address, or to a name that the proxy resolves.
    fn arrive(&mut self, host: &str, port: u16, source: Option<IpAddr>, content: Content) {
        if let Some(behind) = self.surroundings.behind(host, port) {
            if behind.is_empty() {
                self.refuse(Refusal::NoEndpoint);
            }
            for (address, port) in behind {
                self.at(address, port, source, content.clone());
            }
            return;
        }
        match host.parse() {
            Ok(address) => self.at(address, port, source, content),
            Err(_) => self.end(End::Leaves { to: host.to_owned(), port }),
        }
    }

    /// A connection in HBONE to an address, for the address and port that it says inside.
    fn by_hbone(&mut self, host: &str, inner: &OpenedConnection) {
        let Some(pod) = host.parse().ok().and_then(|address| self.surroundings.pod(address)) else {
            return self.end(End::Leaves { to: host.to_owned(), port: HBONE });
        };
        let Some(proxy) = self.proxies.get(pod).filter(|proxy| proxy.kind != ProxyKind::Sidecar) else {
            return self.end(End::Arrives { pod: pod.to_owned(), port: inner.port });
        };
        if self.hops.iter().filter(|hop| hop.proxy == pod).count() >= VISITS {
            return self.refuse(Refusal::Loop);
        }
        let inside = proxy.listeners.iter().find(|listener| listener.name == INSIDE);
        match inside.filter(|_| proxy.listeners.iter().any(|listener| listener.name == TERMINATES)) {
            Some(listener) => self.enter(pod, proxy, &Entry { listener }, inner),
            None => self.refuse(Refusal::NoListener),
        }
    }

    fn at(&mut self, address: IpAddr, port: u16, source: Option<IpAddr>, content: Content) {
        let Some(pod) = self.surroundings.pod(address) else {
            return self.end(End::Leaves { to: address.to_string(), port });
        };
        let gateway = self.proxies.get(pod).filter(|proxy| proxy.kind == ProxyKind::Gateway);
        let Some(proxy) = gateway else {
            return self.end(End::Arrives { pod: pod.to_owned(), port });
        };
        if self.hops.iter().filter(|hop| hop.proxy == pod).count() >= VISITS {
            return self.refuse(Refusal::Loop);
        }
        let connection = OpenedConnection { address, port, source, content };
        match listeners::bound(proxy, &connection) {
            Some(entry) => self.enter(pod, proxy, &entry, &connection),
            None => self.refuse(Refusal::NoListener),
        }
    }
}

/// Where the filters of a chain send what comes.
fn destinations(
    proxy: &ProxyConfiguration,
    chain: &EnvoyFilterChain,
    connection: &OpenedConnection,
    is_encrypted: bool,
    authorized: AuthorizedCall<'_>,
) -> Result<Vec<Destination>, End> {
    if let Some(end) = authorized.end_of_connection(chain) {
        return Err(end);
    }
    let by_name = chain.filters.iter().any(|filter| filter.name == "envoy.filters.network.sni_cluster");
    let mut name_port = None;
    for filter in &chain.filters {
        match &filter.typed_config {
            Some(FilterConfig::SniDynamicForwardProxy(forward)) => name_port = forward.port_value,
            Some(FilterConfig::Http(http)) => {
                let Content::Http { authority } = &connection.content else {
                    return Err(End::Refused(Refusal::OtherProtocol));
                };
                let request = Some(SeenRequest { authority, is_encrypted });
                let authorized = AuthorizedCall { request, ..authorized };
                if let Some(end) = authorized.end_of_request(http) {
                    return Err(end);
                }
                return routes::destinations(proxy, http, authority, is_encrypted).map_err(End::Refused);
            }
            Some(FilterConfig::Tcp(tcp)) => {
                let named = connection.content.server_name().filter(|_| by_name);
                let mut found = destination::of_tcp(tcp, named, chain);
                for destination in &mut found {
                    destination.name_port = name_port;
                }
                return Ok(found);
            }
            Some(FilterConfig::Rbac(_) | FilterConfig::ExternalAuthorization | FilterConfig::Other)
            | None => {}
        }
    }
    // Without a filter that sends it on, the connection is closed.
    Err(End::Refused(Refusal::NoRoute))
}

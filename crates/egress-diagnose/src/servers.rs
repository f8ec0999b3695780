//! What a gateway's pods listen for: the servers of all Gateway objects that select them, by port.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go` and `buildGatewayListenerTLSContext` in
//! `pilot/pkg/networking/core/gateway.go`. Knows nothing of routes, and nothing of servers that istiod drops.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::host_matches;
use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};

use crate::legs::selects;

/// One server of one Gateway object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server<'a> {
    pub(crate) object: &'a Resource,
    /// Its place in `spec.servers`.
    pub(crate) index: usize,
    pub(crate) spec: &'a GatewayServers,
    /// The port of the pods.
    pub(crate) listens_on: i64,
    pub(crate) expects: Expects,
}

/// The rules of VirtualServices that a server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    /// Those for requests.
    Http,
    /// Those for connections by server name.
    Tls,
    /// Those for connections.
    Tcp,
}

/// What a server wants to see on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Expects {
    /// No TLS.
    Plaintext,
    /// TLS of whoever, ended elsewhere.
    Passthrough,
    /// TLS that it ends with a certificate of its own; no client certificate of the mesh.
    OwnTls,
    /// mTLS of the mesh.
    MeshMtls,
}

/// What all servers of a gateway expect, by the port that the pods listen on.
#[derive(Debug, Default)]
pub(crate) struct Listeners<'a> {
    ports: BTreeMap<i64, Listener<'a>>,
}

/// One port of the pods.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    /// One server for each thing that is expected there.
    pub(crate) servers: BTreeMap<Expects, Server<'a>>,
    /// How many servers there are in all.
    pub(crate) count: usize,
}

impl<'a> Listeners<'a> {
    pub(crate) fn new(objects: impl Iterator<Item = &'a Resource>, gateway: &GatewayFacts) -> Self {
        let mut ports: BTreeMap<i64, Listener<'a>> = BTreeMap::new();
        let objects = objects.filter(|object| selects(object, gateway));
        for server in objects.flat_map(|object| servers(object, gateway)) {
            let listener = ports
                .entry(server.listens_on)
                .or_insert_with(|| Listener { servers: BTreeMap::new(), count: 0 });
            listener.count += 1;
            listener.servers.entry(server.expects).or_insert(server);
        }
        Listeners { ports }
    }

    pub(crate) fn at(&self, port: i64) -> Option<&Listener<'a>> {
        self.ports.get(&port)
    }
}

impl Listener<'_> {
    pub(crate) fn expects(&self) -> BTreeSet<Expects> {
        self.servers.keys().copied().collect()
    }
}

impl<'a> Server<'a> {
    /// Whether it is for a host or a server name.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.hosts().any(|pattern| host_matches(pattern, host))
    }

    /// Its hosts, without the namespaces that may bind to them.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &'a str> {
        self.spec.hosts.iter().map(|host| host.rsplit('/').next().unwrap_or_default())
    }

    /// Whether a VirtualService of this namespace may serve a host here.
    pub(crate) fn admits(&self, namespace: &str, host: &str) -> bool {
        self.spec.hosts.iter().any(|admitted| match admitted.split_once('/') {
            Some((".", pattern)) => self.object.id.namespace == namespace && host_matches(pattern, host),
            Some((owner, pattern)) => (owner == "*" || owner == namespace) && host_matches(pattern, host),
            None => host_matches(admitted, host),
        })
    }

    /// Which rules it follows. `IsHTTPServer` and `IsPassThroughServer` in `pkg/config/gateway/gateway.go`.
    pub(crate) fn follows(&self) -> Follows {
        match (self.spec.port.protocol.to_ascii_uppercase().as_str(), self.expects) {
            ("HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB", _) => Follows::Http,
            (_, Expects::Passthrough) => Follows::Tls,
            ("HTTPS", _) => Follows::Http,
            _ => Follows::Tcp,
        }
    }

    /// The server as a place of its object.
    pub(crate) fn field(&self) -> String {
        format!("spec.servers[{}]", self.index)
    }

    /// Whether its object has no other.
    pub(crate) fn is_alone(&self) -> bool {
        self.object.gateway().and_then(|spec| spec.servers.as_ref()).is_some_and(|servers| servers.len() == 1)
    }
}

/// The servers of one Gateway object that is for a gateway's pods.
pub(crate) fn servers<'a>(object: &'a Resource, gateway: &GatewayFacts) -> impl Iterator<Item = Server<'a>> {
    let all = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
    all.iter().enumerate().map(move |(index, spec)| {
        let listens_on = gateway.listens_on(spec.port.number);
        Server { object, index, spec, listens_on, expects: expects(spec) }
    })
}

fn expects(server: &GatewayServers) -> Expects {
    let secured = matches!(server.port.protocol.to_ascii_uppercase().as_str(), "HTTPS" | "TLS");
    match server.tls.as_ref().and_then(|tls| tls.mode.as_ref()) {
        _ if !secured => Expects::Plaintext,
        // PASSTHROUGH is the zero value of the field.
        None | Some(GatewayServersTlsMode::Passthrough | GatewayServersTlsMode::AutoPassthrough) => {
            Expects::Passthrough
        }
        Some(GatewayServersTlsMode::IstioMutual) => Expects::MeshMtls,
        Some(
            GatewayServersTlsMode::Simple
            | GatewayServersTlsMode::Mutual
            | GatewayServersTlsMode::OptionalMutual,
        ) => Expects::OwnTls,
    }
}

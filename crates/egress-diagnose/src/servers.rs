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
    pub(crate) expects: Expects,
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
        for server in objects.filter(|object| selects(object, gateway)).flat_map(servers) {
            let port = gateway.listens_on(server.spec.port.number);
            let listener =
                ports.entry(port).or_insert_with(|| Listener { servers: BTreeMap::new(), count: 0 });
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

    /// The server as a place of its object.
    pub(crate) fn field(&self) -> String {
        format!("spec.servers[{}]", self.index)
    }
}

/// The servers of one Gateway object.
pub(crate) fn servers(object: &Resource) -> impl Iterator<Item = Server<'_>> {
    let all = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
    all.iter().enumerate().map(move |(index, spec)| Server { object, index, spec, expects: expects(spec) })
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

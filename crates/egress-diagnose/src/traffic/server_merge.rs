//! How istiod builds the listeners of a gateway's pods from the servers of all Gateway objects, and which servers it
//! drops.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go` (read at 1.31): objects by age, servers in their order. Does
//! not know which traffic that affects.

use std::collections::HashMap;

use egress_core::istio::server::{compared_hosts, selects};
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::creation_order;

use crate::istio::listeners::{Follows, Server, servers};
use crate::view::View;

mod users;

pub(crate) use users::{ServerUser, ServerUsers};

/// A server that istiod drops.
#[derive(Clone, Debug)]
pub(crate) struct DroppedServer<'a> {
    /// The server.
    pub(crate) server: Server<'a>,
    /// The server that it keeps instead.
    pub(crate) kept: Server<'a>,
    /// What both servers claim.
    pub(crate) claim: Claim,
}

/// What only one server can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A host of a TLS port, as istiod compares them: `*/*` is `*`, and `./host` is `namespace/host`.
    Host(String),
    /// A port without SNI or Host header to choose a server by.
    Port,
}

/// The servers of a gateway's pods.
#[derive(Debug, Default)]
pub(crate) struct MergedServers<'a> {
    /// The servers that istiod keeps.
    pub(crate) kept: Vec<Server<'a>>,
    /// The servers that it drops. A TLS server behind an older plaintext one counts as kept: another check reports it.
    pub(crate) dropped: Vec<DroppedServer<'a>>,
}

impl<'a> MergedServers<'a> {
    pub(crate) fn of(view: &View<'a>, gateway: &GatewayFacts) -> Self {
        let mut objects: Vec<&Resource> =
            view.gateway_objects().filter(|object| selects(object, gateway)).collect();
        objects.sort_by_key(|object| creation_order(object));
        let mut merged = MergedServers::default();
        let mut names: HashMap<(i64, String), Server<'a>> = HashMap::new();
        let mut plaintext: HashMap<i64, Server<'a>> = HashMap::new();
        for server in objects.into_iter().flat_map(|object| servers(object, gateway)) {
            if let Some((claim, kept)) = claimed(&server, &names, &plaintext) {
                merged.dropped.push(DroppedServer { server, kept, claim });
                continue;
            }
            if server.spec.tls.is_some() {
                let hosts = compared_hosts(server.object, server.spec);
                names.extend(hosts.map(|host| ((server.listens_on, host), server)));
            }
            if !server.is_tls() {
                plaintext.entry(server.listens_on).or_insert(server);
            }
            merged.kept.push(server);
        }
        merged
    }
}

/// Whether an older server already claims the same.
fn claimed<'a>(
    server: &Server<'a>,
    names: &HashMap<(i64, String), Server<'a>>,
    plaintext: &HashMap<i64, Server<'a>>,
) -> Option<(Claim, Server<'a>)> {
    if server.spec.tls.is_some() {
        let claimed = compared_hosts(server.object, server.spec).find_map(|host| {
            let kept = *names.get(&(server.listens_on, host.clone()))?;
            (kept.spec.bind == server.spec.bind).then_some((Claim::Host(host), kept))
        });
        if claimed.is_some() || server.is_tls() {
            return claimed;
        }
    }
    let kept = *plaintext.get(&server.listens_on)?;
    let alike = kept.follows() == Follows::Http && server.follows() == Follows::Http;
    (!alike && kept.spec.bind == server.spec.bind).then_some((Claim::Port, kept))
}

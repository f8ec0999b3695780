//! The listeners of a gateway's pods: the servers of all Gateway objects that select them, by port.
//!
//! Does not know routes, or which servers istiod drops.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use egress_core::istio::server::{Expects, Follows, Server, selects, servers};
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;

/// The servers of a gateway, by the port that the pods listen on.
#[derive(Debug, Default)]
pub(crate) struct Listeners<'a> {
    ports: BTreeMap<i64, Listener<'a>>,
}

/// One port of the pods.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    /// One server for each mode.
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

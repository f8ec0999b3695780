//! The proxies of a simulation: each is computed when a call first comes to it, and kept for further calls.

use std::sync::Arc;

use super::memo::Memo;
use super::proxy::Proxy;
use super::scope::ProxyScope;
use super::world::World;
use crate::snapshot::PodFacts;

/// What istiod and Envoy do with calls in one world. Keeps what was computed for a proxy, for further calls.
pub struct Simulation<'w> {
    pub(super) world: &'w World<'w>,
    /// By namespace, name, and what it is asked as.
    proxies: Memo<(&'w str, &'w str, AskedAs), Proxy<'w>>,
}

/// What a pod's proxy is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AskedAs {
    Sidecar,
    Gateway,
    Waypoint,
}

/// So many proxies are kept: each knows all hosts that it sees.
const PROXIES: usize = 32;

impl<'w> Simulation<'w> {
    /// A simulation of this world.
    pub fn new(world: &'w World<'w>) -> Self {
        Simulation { world, proxies: Memo::new(PROXIES) }
    }

    /// The sidecar of a pod.
    pub(super) fn sidecar(&self, pod: &'w PodFacts) -> Arc<Proxy<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Sidecar);
        self.proxies.get(key, || Proxy::new(ProxyScope::of_sidecar(self.world, pod)))
    }

    /// The proxy of a gateway's pod.
    pub(super) fn gateway(&self, pod: &'w PodFacts) -> Arc<Proxy<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Gateway);
        self.proxies.get(key, || Proxy::new(ProxyScope::of_gateway(self.world, pod)))
    }

    /// The proxy of a waypoint's pod.
    pub(super) fn waypoint(&self, pod: &'w PodFacts) -> Arc<Proxy<'w>> {
        let key = (pod.namespace.as_str(), pod.name.as_str(), AskedAs::Waypoint);
        self.proxies.get(key, || Proxy::new(ProxyScope::of_waypoint(self.world, pod)))
    }
}

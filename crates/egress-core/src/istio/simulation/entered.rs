//! How a call came into a gateway: the port of the pod, and the servers of Gateway objects that are opened there.
//!
//! Reads a passage that was found before. Knows nothing of where the call goes on.

use super::cluster::{ClusterEnds, ClusterKey, cluster};
use super::gateway::{OpenedServer, opened};
use super::host_name::overlap;
use super::proxies::Simulation;
use crate::istio::call::{Call, Passage};
use crate::snapshot::PodFacts;

/// Where a call came into gateway pods that do the same with it.
#[derive(Clone, Debug)]
pub struct EnteredGateway<'w> {
    /// The pods: `namespace/name`.
    pub pods: Vec<String>,
    /// The port of the pods.
    pub port: u16,
    /// The servers on the port that may have taken it: those for the host where some name it, else all.
    pub servers: Vec<OpenedServer<'w>>,
}

impl<'w> Simulation<'w> {
    /// Where the call came to the proxy of a hop; behind the last hop: to the gateway that refused it. None for the caller's
    /// own proxy, and where the cluster before does not lead to pods of a gateway.
    pub fn entered(
        &self,
        call: &Call,
        host: &str,
        passage: &Passage,
        hop: usize,
    ) -> Option<EnteredGateway<'w>> {
        let from = passage.hops.get(hop.checked_sub(1)?)?;
        let world = self.world;
        let sender = world.pod(&from.proxy)?;
        let proxy = if from.proxy == call.caller { self.sidecar(sender) } else { self.gateway(sender) };
        let ClusterEnds::Endpoints(endpoints) =
            cluster(&proxy.scope, &ClusterKey::parse(&from.cluster)?).ok()?.ends
        else {
            return None;
        };
        let to = passage.hops.get(hop).map(|hop| hop.proxy.as_str());
        let name = |pod: &PodFacts| format!("{}/{}", pod.namespace, pod.name);
        let is_entered = |pod: &PodFacts| match to {
            Some(to) => name(pod) == to,
            None => !pod.has_sidecar && pod.proxy.is_some(),
        };
        let pods = endpoints
            .iter()
            .filter_map(|(endpoint, _)| Some((world.pod_at(&endpoint.address)?, endpoint.port)));
        let pods: Vec<(&PodFacts, u16)> = pods.filter(|(pod, _)| is_entered(pod)).collect();
        let (pod, port) = *pods.first()?;
        let gateway = self.gateway(pod);
        let mut servers: Vec<OpenedServer<'w>> = opened(&gateway.scope, gateway.servers())
            .into_iter()
            .filter(|server| server.pod_port == port)
            .collect();
        let names_host = |server: &OpenedServer<'_>| {
            let spec = server.gateway.gateway().and_then(|spec| spec.servers.as_ref()?.get(server.index));
            let mut hosts = spec.into_iter().flat_map(|spec| &spec.hosts);
            hosts.any(|name| overlap(name.split_once('/').map_or(name.as_str(), |(_, name)| name), host))
        };
        if servers.iter().any(names_host) {
            servers.retain(names_host);
        }
        Some(EnteredGateway { pods: pods.iter().map(|(pod, _)| name(pod)).collect(), port, servers })
    }
}

//! What the bed's name server answers, and how long that may be remembered: as a cluster answers, because Envoys that look up
//! thousands of names every second measure nothing but the name server. Knows nothing of who asks.

use std::net::Ipv4Addr;

use testbed::{bed::Bed, external_services::zone::Zone};

/// The name of the gateway's Service, as callers look it up.
const SERVICE: &str = "istio-egressgateway.istio-system.svc.cluster.local";
/// Seconds that a name of a Service is remembered: what the plugin `kubernetes` of CoreDNS says by default. The Corefile of
/// kubeadm says 30. The shorter time is the harder case for Envoys; and the name leads to the pods here, so it also decides
/// how soon a caller leaves a pod that is gone, which kube-proxy sees to within about a second.
const SERVICE_TTL: u32 = 5;
/// Seconds that a name outside is remembered: the most that CoreDNS says with the Corefile of kubeadm, whatever its owner says.
const OUTSIDE_TTL: u32 = 30;

/// Answers from now on as a cluster does.
pub(super) fn begin(bed: &Bed) -> anyhow::Result<()> {
    zone(bed).save(bed.zone_file())
}

/// Gives the gateway's Service these addresses.
pub(super) fn lead_to(bed: &Bed, addresses: Vec<Ipv4Addr>) -> anyhow::Result<()> {
    let mut zone = zone(bed);
    zone.names.insert(SERVICE.to_owned(), addresses);
    zone.save(bed.zone_file())
}

fn zone(bed: &Bed) -> Zone {
    let ttls = [(SERVICE.to_owned(), SERVICE_TTL)].into();
    Zone { ttl: OUTSIDE_TTL, ttls, ..bed.zone() }
}

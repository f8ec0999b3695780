//! Envoy's counters before and after a probe. Other calls count too, so counters are evidence and no proof.
//!
//! Knows the names of clusters.

use egress_core::proxy::{ClusterView, PASSTHROUGH, ProxyView};

use super::plan::ProbePlan;

/// The counters of one Envoy around the probe, or why they could not be read.
pub type Looks = Result<(ProxyView, ProxyView), String>;

/// Which counters grew in the client's sidecar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FromClient {
    /// Calls to a gateway.
    pub(super) to_gateway: u64,
    /// Calls that bypassed every gateway.
    pub(super) directly: u64,
}

/// The host of a cluster that istiod named.
pub(super) fn host_of(cluster: &str) -> Option<&str> {
    let mut parts = cluster.split('|');
    (parts.next()? == "outbound").then_some(())?;
    parts.nth(2)
}

/// Whether a cluster sends traffic to the host itself: by its own name, or by the upstream name that this tool gives
/// it.
pub(super) fn leads_out(cluster: &str, plan: &ProbePlan) -> bool {
    host_of(cluster).is_some_and(|name| {
        let rest = name.strip_prefix(plan.host.as_str());
        rest.is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with('.') && rest.ends_with(".egress.internal"))
        })
    })
}

pub(super) fn from_client((before, after): &(ProxyView, ProxyView), plan: &ProbePlan) -> FromClient {
    let mut found = FromClient::default();
    for (name, grown) in growth(before, after, |cluster| cluster.requests + cluster.connections) {
        if host_of(name).is_some_and(|host| plan.services.contains(host)) {
            found.to_gateway += grown;
        } else if name == PASSTHROUGH || leads_out(name, plan) {
            found.directly += grown;
        }
    }
    found
}

/// The growth of a gateway's counters for the host.
pub(super) fn from_gateway((before, after): &(ProxyView, ProxyView), plan: &ProbePlan) -> u64 {
    // A failed connection did not reach the host.
    let passed = |cluster: &ClusterView| {
        (cluster.requests + cluster.connections).saturating_sub(cluster.connect_failures)
    };
    // Another cluster of the host would be from somebody else's objects.
    let is_upstream = |name: &str| {
        if plan.upstreams.is_empty() { leads_out(name, plan) } else { plan.upstreams.contains(name) }
    };
    growth(before, after, passed).filter(|(name, _)| is_upstream(name)).map(|(_, grown)| grown).sum()
}

/// By how much the counter of each cluster grew.
fn growth<'a>(
    before: &'a ProxyView,
    after: &'a ProxyView,
    count: impl Fn(&ClusterView) -> u64,
) -> impl Iterator<Item = (&'a str, u64)> {
    after.clusters.iter().map(move |(name, now)| {
        let was = before.clusters.get(name).map_or(0, &count);
        (name.as_str(), count(now).saturating_sub(was))
    })
}

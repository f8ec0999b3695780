//! The gateway pods' connections to the host, from their Envoys' statistics: shared by the checks of connections.
//!
//! Knows how a failed connection differs from a failed TLS handshake. Writes no text.

use std::collections::BTreeMap;

use egress_core::port::Protocol;
use egress_core::proxy::ClusterView;
use egress_core::snapshot::GatewayFacts;

use crate::facts::PodName;
use crate::finding::Awaited;
use crate::path::EgressPath;
use crate::traffic::envoys::EnvoyResults;
use crate::traffic::routes::upstreams;
use crate::view::View;

/// Failures are reported from this share of all connections on: one lost connection among many is normal.
const NOTABLE: f64 = 0.1;

/// One Envoy's statistics of one cluster that it connected to.
pub(crate) struct UpstreamAttempt<'a> {
    /// The pod.
    pub(crate) pod: PodName,
    /// Its node; empty if unknown.
    pub(crate) node: String,
    /// The cluster's name.
    pub(crate) name: String,
    /// The port of the host.
    pub(crate) port: u16,
    /// Whether it carries only HTTP. A passthrough connection is in use as long as it is open.
    pub(crate) only_http: bool,
    /// Its statistics.
    pub(crate) cluster: &'a ClusterView,
}

/// Every attempt, and the Envoys that could not be read or have no connections yet.
pub(crate) fn upstream_attempts<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> (Vec<UpstreamAttempt<'a>>, EnvoyResults) {
    let mut clusters = BTreeMap::new();
    for route in upstreams(view, path, gateway) {
        let Some(name) = route.cluster() else { continue };
        let (_, only_http) = clusters.entry(name).or_insert((route.destination_port, true));
        *only_http &= route.protocol == Protocol::Http;
    }
    let (mut found, mut seen) = (Vec::new(), EnvoyResults::default());
    for (pod, envoy) in view.gateway_proxies(gateway) {
        let envoy = match envoy {
            Err(why) => {
                seen.unreadable(why);
                continue;
            }
            Ok(envoy) => envoy,
        };
        let node =
            gateway.pods.iter().find(|facts| facts.name == pod.name).and_then(|facts| facts.node.clone());
        let before = found.len();
        for (name, (port, only_http)) in &clusters {
            let Some(cluster) = envoy.clusters.get(name).filter(|cluster| cluster.connections > 0) else {
                continue;
            };
            found.push(UpstreamAttempt {
                pod: pod.clone(),
                node: node.clone().unwrap_or_default(),
                name: name.clone(),
                port: port.unwrap_or(443),
                only_http: *only_http,
                cluster,
            });
        }
        if found.len() == before {
            seen.awaits(Awaited::Connection { pod: pod.name, host: path.host.clone() });
        }
    }
    (found, seen)
}

impl UpstreamAttempt<'_> {
    /// Enough of the connections fail to be reported.
    pub(crate) fn fails(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share of counts; no count comes near 2^52")]
        let share = self.cluster.connect_failures as f64 / self.cluster.connections as f64;
        share >= NOTABLE
    }

    /// All of them fail.
    pub(crate) fn always_fails(&self) -> bool {
        self.cluster.connect_failures >= self.cluster.connections
    }

    /// Most connections were established, but their TLS handshake failed: Envoy counts that as a failed connection,
    /// too.
    pub(crate) fn fails_in_handshake(&self) -> bool {
        let counters = self.cluster.counters;
        let failed = counters.certificates_refused.unwrap_or_default()
            + counters.handshakes_failed.unwrap_or_default();
        self.fails() && failed.saturating_mul(2) >= self.cluster.connect_failures
    }

    /// Connections from this node fail, and another gateway pod reaches the same host: only the node differs.
    pub(crate) fn fails_alone(&self, all: &[UpstreamAttempt<'_>]) -> bool {
        let reaches = |other: &UpstreamAttempt<'_>| {
            other.name == self.name && other.node != self.node && !other.fails()
        };
        let as_well = |other: &UpstreamAttempt<'_>| {
            other.name == self.name && other.node == self.node && !other.fails()
        };
        let refused = !self.fails_in_handshake();
        self.always_fails() && refused && all.iter().any(reaches) && !all.iter().any(as_well)
    }

    /// Envoy's statistics as a line of evidence.
    pub(crate) fn told(&self) -> String {
        let ClusterView { connections, connect_failures, counters, .. } = self.cluster;
        let late = counters.connect_timeouts.filter(|late| *late > 0);
        let late = late.map(|late| format!(", {late} of them without an answer")).unwrap_or_default();
        format!(
            "Envoy of pod {}: {connect_failures} of {connections} connections to cluster `{}` failed since it started{late}",
            self.pod.name, self.name
        )
    }
}

//! Where objects of the Gateway API leave a call open: what istiod makes of them is not known, or not in full.
//!
//! Where it is known, they are Gateways and VirtualServices like others. Waypoints are no part of this.

use super::gateway::servers;
use super::scope::ProxyScope;
use super::world::World;

/// The label of a pod that names its Gateway.
pub(super) const GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

impl World<'_> {
    /// Whether a pod has servers of the Gateway API of which not everything is known.
    pub(super) fn has_open_servers(&self, scope: &ProxyScope<'_>) -> bool {
        servers(scope).any(|server| self.made.is_open(&server.object.id))
    }

    /// Whether it is not known how connections to a host in full are opened.
    pub(super) fn is_open_host(&self, host: &str) -> bool {
        self.made.is_open_host(host)
    }
}

//! A server of a Gateway object.
//!
//! Knows what its fields mean. Knows nothing of the other servers of a pod.

use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};

use crate::istio::protocol::PortProtocol;
use crate::istio::server::compared_hosts;
use crate::resource::Resource;

/// A server of a Gateway object that the pod has.
#[derive(Clone, Copy)]
pub(super) struct GatewayServer<'w> {
    pub(super) object: &'w Resource,
    pub(super) index: usize,
    pub(super) spec: &'w GatewayServers,
}

impl GatewayServer<'_> {
    /// Its hosts as `namespace/host`, or the host alone where any namespace may bind.
    pub(super) fn hosts(&self) -> Vec<String> {
        compared_hosts(self.object, self.spec).collect()
    }

    /// Whether it routes requests.
    pub(super) fn is_http(&self) -> bool {
        let protocol = PortProtocol::parse(&self.spec.port.protocol);
        protocol.is_http()
            || (protocol == PortProtocol::Https && self.spec.tls.is_some() && !self.passes_through())
    }

    /// Whether it expects TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.spec.tls.is_some() && !PortProtocol::parse(&self.spec.port.protocol).is_http()
    }

    /// Whether it leaves TLS as it is.
    pub(super) fn passes_through(&self) -> bool {
        self.spec.tls.as_ref().is_some_and(|tls| {
            matches!(
                tls.mode,
                None | Some(GatewayServersTlsMode::Passthrough | GatewayServersTlsMode::AutoPassthrough)
            )
        })
    }

    /// The name of its routes; none where it has none. `gatewayRDSRouteName`.
    pub(super) fn route_name(&self, port: u16) -> Option<String> {
        let protocol = PortProtocol::parse(&self.spec.port.protocol);
        let bind = self.spec.bind.as_deref().unwrap_or_default();
        if protocol.is_http() {
            return Some(format!("http.{port}.{bind}"));
        }
        let ends = protocol == PortProtocol::Https && !self.passes_through();
        let (port, id) = (&self.spec.port, &self.object.id);
        ends.then(|| format!("https.{}.{}.{}.{}.{bind}", port.number, port.name, id.name, id.namespace))
    }
}

//! One way from a gateway to a host: the route, the ServiceEntry and the TLS settings.
//!
//! Does not know how it is found. Makes no findings.

use egress_core::resource::Resource;
use egress_istio::service_entry::{ServiceEntryPorts, ServiceEntrySpec};

use crate::istio::client_tls::ClientTls;
use crate::istio::routes::Route;

/// One route of the gateway, with its destination.
#[derive(Clone)]
pub(crate) struct Upstream<'a> {
    /// The route.
    pub(crate) route: Route<'a>,
    /// The ServiceEntry of the destination that the gateway uses.
    pub(crate) entry: &'a Resource,
    /// Its spec.
    pub(crate) spec: &'a ServiceEntrySpec,
    /// The index of the port in it.
    pub(crate) place: usize,
    /// The port.
    pub(crate) port: &'a ServiceEntryPorts,
    /// The TLS settings of the gateway.
    pub(crate) tls: Option<ClientTls<'a>>,
}

impl Upstream<'_> {
    /// The protocol of the port, in capitals.
    pub(crate) fn protocol(&self) -> String {
        self.port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase()
    }

    /// Whether the gateway originates TLS to it.
    pub(crate) fn originates_tls(&self) -> bool {
        self.tls.as_ref().is_some_and(ClientTls::originates)
    }

    /// The port that Envoy connects to: of an endpoint, else the target port, else the port itself.
    pub(crate) fn dialled(&self) -> i64 {
        let mut endpoints = self.spec.endpoints.iter().flatten();
        let of_endpoint =
            endpoints.find_map(|endpoint| endpoint.ports.as_ref()?.get(&self.port.name).copied());
        of_endpoint.or(self.port.target_port).unwrap_or(self.port.number)
    }

    /// The names that the server's certificate may have: of the host, the destination and its endpoints.
    pub(crate) fn names<'b>(&'b self, host: &'b str) -> impl Iterator<Item = &'b str> {
        let endpoints = self.spec.endpoints.iter().flatten();
        let addresses = endpoints.filter_map(|endpoint| endpoint.address.as_deref());
        [host, self.route.host].into_iter().chain(addresses)
    }
}

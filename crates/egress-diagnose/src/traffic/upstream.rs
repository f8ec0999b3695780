//! How a gateway calls a host: the ServiceEntry, the port and the TLS settings of each route.
//!
//! Knows which ServiceEntry and which DestinationRules apply at the gateway. Makes no findings.

use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_istio::service_entry::{ServiceEntryPorts, ServiceEntrySpec};

use crate::istio::client_tls::ClientTls;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::traffic::routes::upstreams;
use crate::view::View;

/// One route of the gateway, with its destination.
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

/// The destinations of a host at the gateway, each once. Without those whose ServiceEntry the gateway does not see.
pub(crate) fn upstream<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<Upstream<'a>> {
    let viewer = &gateway.name.namespace;
    let mut found: Vec<Upstream<'a>> = Vec::new();
    for route in upstreams(view, path, gateway) {
        let Some(entry) = view.entries_at_gateway(viewer, route.host).first().copied() else { continue };
        let Some(spec) = entry.service_entry() else { continue };
        let ports = spec.ports.as_deref().unwrap_or_default();
        let numbered = |port: &&ServiceEntryPorts| {
            route.destination_port.is_none_or(|number| i64::from(number) == port.number)
        };
        // A destination without a port number means the only port.
        let chosen = ports.iter().enumerate().find(|(_, port)| numbered(port));
        let Some((place, port)) = chosen else { continue };
        let Ok(number) = u16::try_from(port.number) else { continue };
        let known = |other: &Upstream<'_>| {
            other.entry.id == entry.id && other.place == place && other.route.protocol == route.protocol
        };
        if found.iter().any(known) {
            continue;
        }
        let rules = view.rules_for(viewer, route.host, &entry.id.namespace);
        let tls = rules.tls(route.subset, number);
        found.push(Upstream { route, entry, spec, place, port, tls });
    }
    found
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

//! How a gateway calls a host: the ServiceEntry, the port and the TLS settings of each route.
//!
//! Knows which ServiceEntry and which DestinationRules apply at the gateway. Makes no findings.

use egress_core::snapshot::GatewayFacts;
use egress_istio::service_entry::ServiceEntryPorts;

use crate::path::EgressPath;
use crate::traffic::routes::upstreams;
pub(crate) use crate::view::Upstream;
use crate::view::View;

/// The destinations of a host at the gateway, each once. Without those whose ServiceEntry the gateway does not see.
pub(crate) fn upstream<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<Upstream<'a>> {
    view.upstreams(path, gateway, || find(view, path, gateway))
}

fn find<'a>(view: &View<'a>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<Upstream<'a>> {
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

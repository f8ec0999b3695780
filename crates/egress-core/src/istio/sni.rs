//! The filter chains of one port of a gateway: which server or TLS rule takes a connection, by its server name.
//!
//! Follows `buildGatewayTCPBasedFilterChains` in `pilot/pkg/networking/core/gateway.go` and the order in which Envoy chooses
//! among chains: the name itself, then the longest wildcard over it, then a chain without names. Servers that istiod drops
//! count as kept; that is told elsewhere.

use std::collections::BTreeSet;

use egress_istio::gateway::GatewayServersTlsMode;

use super::bound::{bound_to, full_name, names_gateway};
use super::server::{Expects, Follows, Server};
use crate::resource::Resource;
use crate::visibility::host_matches;

/// Something that takes connections.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    /// The VirtualService, or the Gateway object of a server that ends TLS.
    pub resource: &'a Resource,
    /// Where in it: `spec.tls[0].match[0]`.
    pub field: String,
    /// The host that a TLS rule leads to.
    pub leads_to: Option<&'a str>,
    /// The server names that choose it; none: all that nothing else chooses.
    pub names: Vec<String>,
    /// istiod leaves it out, because an older rule has one of its names.
    pub is_left_out: bool,
}

/// How well a chain fits a server name: the better one takes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It takes what nothing else does.
    Any,
    /// A wildcard of this length covers the name.
    Wildcard(usize),
    /// The name itself.
    Exact,
}

/// The chains of servers on one port, in the order in which istiod makes them. `service` is the host of the gateway's own
/// Service: a server of the mode `AUTO_PASSTHROUGH` that covers it takes the connections of the mesh to it.
pub fn chains<'a>(
    servers: &[Server<'a>],
    virtual_services: &[&'a Resource],
    viewer: &str,
    service: &str,
) -> Vec<Chain<'a>> {
    let mut found = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for server in servers.iter().filter(|server| server.expects != Expects::Plaintext) {
        if server.follows() == Follows::Tls {
            found.extend(auto_passthrough(server, service));
            rules(server, virtual_services, viewer, &mut known, &mut found);
            continue;
        }
        let names: Vec<String> = server.hosts().map(str::to_owned).collect();
        let any = names.iter().any(|name| name == "*");
        found.push(Chain {
            resource: server.object,
            field: format!("{}.hosts", server.field()),
            leads_to: None,
            names: if any { Vec::new() } else { names },
            is_left_out: false,
        });
    }
    found
}

impl Chain<'_> {
    /// How well it fits; none: it is not for this name.
    pub fn fit(&self, name: &str) -> Option<Fit> {
        if self.names.is_empty() {
            return Some(Fit::Any);
        }
        let fits = self.names.iter().filter(|pattern| host_matches(pattern, name));
        fits.map(|pattern| match pattern.strip_prefix('*') {
            None => Fit::Exact,
            Some("") => Fit::Any,
            Some(tail) => Fit::Wildcard(tail.len()),
        })
        .max()
    }
}

fn rules<'a>(
    server: &Server<'a>,
    virtual_services: &[&'a Resource],
    viewer: &str,
    known: &mut BTreeSet<String>,
    found: &mut Vec<Chain<'a>>,
) {
    let name = full_name(server.object);
    for resource in bound_to(virtual_services, &name, viewer) {
        let Some(spec) = resource.virtual_service() else { continue };
        let namespace = &resource.id.namespace;
        let mut hosts = spec.hosts.iter().flatten();
        if !hosts.any(|host| server.admits(namespace, host) || server.is_within(namespace, host)) {
            continue;
        }
        for (number, rule) in spec.tls.iter().flatten().enumerate() {
            let Some(first) = rule.route.iter().flatten().next() else { continue };
            for (place, matched) in rule.r#match.iter().enumerate() {
                let port = matched.port.unwrap_or_default();
                let named = names_gateway(matched.gateways.as_deref(), namespace, &name).unwrap_or(true);
                if !named || (port != 0 && port != server.spec.port.number) {
                    continue;
                }
                // Server names are compared as they are written.
                let is_left_out = matched.sni_hosts.iter().any(|name| known.contains(name));
                if !is_left_out {
                    known.extend(matched.sni_hosts.iter().cloned());
                }
                found.push(Chain {
                    resource,
                    field: format!("spec.tls[{number}].match[{place}]"),
                    leads_to: Some(&first.destination.host),
                    names: matched.sni_hosts.clone(),
                    is_left_out,
                });
            }
        }
    }
}

fn auto_passthrough<'a>(server: &Server<'a>, service: &str) -> Option<Chain<'a>> {
    let mode = server.spec.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    let takes = mode == Some(&GatewayServersTlsMode::AutoPassthrough) && server.covers(service);
    takes.then(|| Chain {
        resource: server.object,
        field: format!("{}.tls.mode", server.field()),
        leads_to: None,
        // The names of the mesh for all ports and subsets of the Service.
        names: vec![format!("*.{service}")],
        is_left_out: false,
    })
}

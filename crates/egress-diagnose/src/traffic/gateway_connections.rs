//! The calls from sidecars to a gateway: each route, with its client TLS settings and the gateway's server for it.
//!
//! Knows how istiod combines DestinationRules, SNI and servers. Makes no findings.

use std::sync::Arc;

use egress_core::istio::server::selects;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::host_matches;
use egress_core::visibility::virtual_service::MESH;

use crate::istio::client_tls::{ClientTls, Mode};
use crate::istio::listeners::{Expects, Server, servers};
use crate::istio::routes::{Route, routes};
use crate::path::EgressPath;
pub(crate) use crate::view::GatewayConnection;
use crate::view::View;

/// The calls of a path. Without routes whose subset the callers cannot resolve.
pub(crate) fn gateway_connections<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<GatewayConnection<'a>> {
    view.connections(path, gateway, || find(view, path, gateway))
}

fn find<'a>(view: &View<'a>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<GatewayConnection<'a>> {
    let service = view.service_host(gateway);
    let listeners = view.listeners(gateway);
    let mut found = Vec::new();
    for caller in &path.callers {
        let rules = view.hop_rules(caller, gateway);
        let seen = view.mesh_routes_seen_from(caller, &path.host).into_iter().filter(|it| path.owns(&it.id));
        let routes = seen.flat_map(|resource| routes(resource, MESH, &path.host));
        for route in routes.filter(|route| route.host == service && rules.has(route.subset)) {
            let Some(port) = port_of(&route, gateway) else { continue };
            let tls = rules.tls(route.subset, port);
            let sni = server_name(&route, tls.as_ref(), &path.host, port);
            let listens_on = gateway.listens_on(port.into());
            let place = (listens_on, spoken(tls.as_ref(), &route));
            let server = server(view, gateway, place, sni.as_deref(), &path.host);
            let listeners = Arc::clone(&listeners);
            let caller = caller.clone();
            found.push(GatewayConnection { caller, route, port, listens_on, tls, sni, server, listeners });
        }
    }
    found
}

impl<'a> GatewayConnection<'a> {
    /// Whether the gateway receives the caller's identity.
    pub(crate) fn has_identity(&self) -> bool {
        let meets_mesh = self.server.is_some_and(|server| server.expects == Expects::MeshMtls);
        meets_mesh && self.tls.as_ref().is_some_and(|tls| tls.mode == Mode::IstioMutual)
    }

    /// The server on the port that terminates mesh mTLS for a host, for any SNI.
    pub(crate) fn meant(&self, view: &View<'a>, gateway: &GatewayFacts, host: &str) -> Option<Server<'a>> {
        let server = server(view, gateway, (self.listens_on, Expects::MeshMtls), Some(host), host);
        server.filter(|server| server.expects == Expects::MeshMtls)
    }

    /// The server whose TLS mode does not match the call.
    pub(crate) fn mismatch(&self) -> Option<Server<'a>> {
        let listener = self.listeners.at(self.listens_on)?;
        let expected = listener.expects();
        let only = |expects: Expects| expected.iter().all(|found| *found == expects);
        if expected.contains(&Expects::Plaintext) && !only(Expects::Plaintext) {
            // EG009 reports two servers that conflict.
            return None;
        }
        let any = listener.servers.values().next().copied();
        let met = |expects: Expects| self.server.filter(|server| server.expects == expects);
        let mode = self.tls.as_ref().map_or(Mode::Disable, |tls| tls.mode);
        match (mode, self.route.protocol) {
            (Mode::Disable, Protocol::Http) => any.filter(|server| server.expects != Expects::Plaintext),
            (Mode::IstioMutual, _) if !expected.contains(&Expects::MeshMtls) => any,
            (Mode::IstioMutual, _) => met(Expects::Passthrough).or(met(Expects::OwnTls)),
            (Mode::Simple | Mode::Mutual, _) if only(Expects::Plaintext) => any,
            (Mode::Disable | Mode::Simple | Mode::Mutual, _) => met(Expects::MeshMtls),
        }
    }
}

/// Without a port, a destination is the only port of the Service.
fn port_of(route: &Route<'_>, gateway: &GatewayFacts) -> Option<u16> {
    route.destination_port.or(match gateway.ports.as_slice() {
        [only] => Some(only.number),
        _ => None,
    })
}

/// The SNI of a connection: from the DestinationRule, else the cluster's name in mesh mTLS, else the application's.
/// `buildUpstreamTLSSettings` in `pilot/pkg/networking/core/cluster_tls.go`.
fn server_name(route: &Route<'_>, tls: Option<&ClientTls<'_>>, host: &str, port: u16) -> Option<String> {
    let said = tls.and_then(|tls| tls.sni).map(str::to_owned);
    match (tls.map(|tls| tls.mode), route.protocol) {
        (Some(Mode::IstioMutual), _) => {
            let subset = route.subset.unwrap_or_default();
            said.or_else(|| Some(format!("outbound_.{port}_.{subset}_.{}", route.host)))
        }
        (Some(Mode::Simple | Mode::Mutual), Protocol::Http) => said.or_else(|| Some(host.to_owned())),
        (Some(Mode::Simple | Mode::Mutual), Protocol::Tls) => said,
        (None | Some(Mode::Disable), Protocol::Tls) => Some(host.to_owned()),
        (None | Some(Mode::Disable), Protocol::Http) => None,
    }
}

/// The server mode that accepts a call.
fn spoken(tls: Option<&ClientTls<'_>>, route: &Route<'_>) -> Expects {
    match (tls.map(|tls| tls.mode), route.protocol) {
        (Some(Mode::IstioMutual), _) => Expects::MeshMtls,
        (Some(Mode::Simple | Mode::Mutual), _) => Expects::OwnTls,
        (None | Some(Mode::Disable), Protocol::Tls) => Expects::Passthrough,
        (None | Some(Mode::Disable), Protocol::Http) => Expects::Plaintext,
    }
}

/// The server of the port with the longest host that matches the SNI; for plaintext, the host. Of two servers with
/// one host istiod drops one, which another check reports: here the one whose mode matches the call is returned.
fn server<'a>(
    view: &View<'a>,
    gateway: &GatewayFacts,
    (listens_on, spoken): (i64, Expects),
    sni: Option<&str>,
    host: &str,
) -> Option<Server<'a>> {
    let name = sni.unwrap_or(host);
    let objects = view.gateway_objects_for(name).into_iter().filter(|object| selects(object, gateway));
    let here = objects.flat_map(|object| servers(object, gateway)).filter(|server| {
        server.listens_on == listens_on
            && server.covers(name)
            && (server.expects == Expects::Plaintext) == sni.is_none()
    });
    here.max_by_key(|server| {
        let fitting = server.hosts().filter(|pattern| host_matches(pattern, name));
        let nearest = fitting.map(|pattern| (!pattern.starts_with('*'), pattern.len())).max();
        (nearest, server.expects == spoken)
    })
}

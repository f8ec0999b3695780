//! What the gateway's pods serve besides this egress: other servers on its ports, other routes of the host.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go`, and what was seen on a mesh: a plaintext server and a
//! terminating one on one port make Envoy reject the whole listener, and no tool shows it.

use super::context::Context;
use super::finding::{Conflict, refusal};
use crate::dialect::{HTTP_HOP, TLS_HOP};
use crate::inventory::Egress;
use crate::istio::server::{Expects, Server, selects, servers};
use crate::metadata;
use crate::port::{Port, Protocol};
use crate::role::{Kind, Role};

pub(super) fn conflicts(context: &Context<'_, '_>) -> Vec<Conflict> {
    let objects = context.wanted.iter().map(|part| &part.resource).filter(|part| part.gateway().is_some());
    let own: Vec<Server<'_>> = objects.flat_map(|object| servers(object, context.gateway)).collect();
    let others = context
        .others(context.cluster.of_kind(Kind::Gateway))
        .filter(|object| selects(object, context.gateway));
    let mut found = Vec::new();
    for theirs in others.flat_map(|object| servers(object, context.gateway)) {
        found.extend(own.iter().find_map(|mine| clash(context, mine, &theirs)));
    }
    found.extend(other_ports(context));
    found
}

fn clash(context: &Context<'_, '_>, mine: &Server<'_>, theirs: &Server<'_>) -> Option<Conflict> {
    if mine.listens_on != theirs.listens_on {
        return None;
    }
    let (port, host) = (mine.spec.port.number, context.host());
    let field = || format!("spec.servers[port {}]", theirs.spec.port.number);
    let refused = |message: String, hint: String| Some(refusal(theirs.object, &field(), message, hint));
    let documented =
        |hop: &str| format!("try `--layout documented --hop {hop}`, or move that server to another port");
    let serves_host = theirs.hosts().any(|name| name == host);
    match (mine.is_tls(), theirs.is_tls()) {
        (true, false) => {
            let protocol = &theirs.spec.port.protocol;
            let message = format!(
                "serves plaintext {protocol} on port {port} of the same gateway pods: one of the two would be dropped"
            );
            return refused(message, documented("plain"));
        }
        (false, true) => {
            let message =
                format!("terminates TLS on port {port} of the same gateway pods: plaintext cannot share it");
            return refused(message, documented("mtls"));
        }
        (false, false) if theirs.redirects() && serves_host => {
            let message = format!("redirects all calls of `{host}` on port {port} to HTTPS");
            return refused(message, "remove that server, or move it to another port".to_owned());
        }
        (false, false) => return None,
        (true, true) => {}
    }
    if let Some(same) = theirs.hosts().find(|name| mine.hosts().any(|own| own == *name)) {
        let message = format!("also serves `{same}` on port {port}: Istio silently drops the younger server");
        return refused(message, "remove that server, or choose another `--gateway`".to_owned());
    }
    // Two chains for one SNI on one listener: Envoy would reject the listener.
    if port == i64::from(TLS_HOP) && theirs.expects == Expects::Passthrough && serves_host {
        let message = format!("has its own server for `{host}` on port {port} of the same gateway pods");
        return refused(message, format!("remove the other egress of `{host}` first"));
    }
    None
}

/// At the gateway one host has one set of routes: two namespaces that mean different ports would get each other's.
fn other_ports(context: &Context<'_, '_>) -> Vec<Conflict> {
    let intent = &context.record.intent;
    let same_gateway = context.egresses.iter().filter(|egress| {
        egress.namespace != intent.namespace && egress.gateway.as_ref() == Some(&intent.gateway)
    });
    let mut found = Vec::new();
    for egress in same_gateway {
        found.extend(other_layout(context, egress));
        let (Some(record), Some(object)) = (egress.readable_record(), egress.part(Role::GatewayLeg)) else {
            continue;
        };
        for protocol in [Protocol::Http, Protocol::Tls] {
            let theirs: Vec<Port> = record.intent.ports_of(protocol).collect();
            let mine: Vec<Port> = intent.ports_of(protocol).collect();
            if !theirs.is_empty() && !mine.is_empty() && theirs != mine {
                let list =
                    |ports: &[Port]| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "routes {protocol} of `{}` to {} for `{}`; the gateway cannot separate it from {}",
                    intent.host,
                    list(&theirs),
                    egress.namespace,
                    list(&mine)
                );
                let hop = if protocol == Protocol::Http { HTTP_HOP } else { TLS_HOP };
                let hint =
                    format!("use the same ports, or another `--gateway`; both arrive on its port {hop}");
                found.push(refusal(object, metadata::HOST, message, hint));
            }
        }
    }
    found
}

/// Layouts that cannot stand beside each other make filter chains of their own: two for one SNI on one listener, and Envoy
/// rejects the listener.
fn other_layout(context: &Context<'_, '_>, egress: &Egress<'_>) -> Option<Conflict> {
    let intent = &context.record.intent;
    let theirs = egress
        .readable_record()
        .filter(|record| !context.dialect().may_stand_beside(record.intent.layout.dialect()))?;
    let both = [&theirs.intent, intent].iter().all(|intent| intent.ports_of(Protocol::Tls).next().is_some());
    let object = egress.part(Role::MeshLeg).filter(|_| both)?;
    let message =
        format!("serves TLS of `{}` at this gateway in the {} layout", intent.host, theirs.intent.layout);
    let hint = format!("use `--layout {}`: a gateway takes one layout per TLS host", theirs.intent.layout);
    Some(refusal(object, metadata::HOST, message, hint))
}

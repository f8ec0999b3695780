//! What the gateway's pods serve besides this egress: other servers on its ports, other routes of the host.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go`, and what was seen on a mesh: a plaintext server and a
//! terminating one on one port make Envoy reject the whole listener, and no tool shows it.

use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};

use super::{Conflict, Scene, refusal};
use crate::inventory::{self, Egress};
use crate::metadata;
use crate::port::{Port, Protocol};
use crate::resource::Resource;
use crate::role::{Kind, Role};
use crate::shape::{HTTP_HOP, TLS_HOP};

pub(super) fn conflicts(scene: &Scene<'_>) -> Vec<Conflict> {
    let mut found = Vec::new();
    for other in
        scene.others().filter(|resource| resource.id.kind == Kind::Gateway && selects(resource, scene))
    {
        for server in other.gateway().and_then(|spec| spec.servers.as_ref()).into_iter().flatten() {
            found.extend(server_conflict(scene, other, server));
        }
    }
    found.extend(other_ports(scene));
    found
}

/// Whether a Gateway object configures the pods of this egress's gateway.
fn selects(other: &Resource, scene: &Scene<'_>) -> bool {
    let selector = other.gateway().and_then(|spec| spec.selector.clone()).unwrap_or_default();
    let covers = |labels: &std::collections::BTreeMap<String, String>| {
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    covers(&scene.gateway.selector) || scene.gateway.pods.iter().any(|pod| covers(&pod.labels))
}

fn server_conflict(scene: &Scene<'_>, other: &Resource, server: &GatewayServers) -> Option<Conflict> {
    let own = scene.wanted.iter().filter(|part| matches!(part.role, Role::SharedGateway | Role::Gateway));
    let own = own.filter_map(|part| part.resource.gateway()).flat_map(|spec| spec.servers.iter().flatten());
    own.into_iter().find_map(|mine| clash(scene, mine, other, server))
}

fn clash(
    scene: &Scene<'_>,
    mine: &GatewayServers,
    other: &Resource,
    theirs: &GatewayServers,
) -> Option<Conflict> {
    let port = mine.port.number;
    if scene.gateway.listens_on(port) != scene.gateway.listens_on(theirs.port.number) {
        return None;
    }
    let field = format!("spec.servers[port {}]", theirs.port.number);
    let documented =
        |hop: &str| format!("try `--layout documented --hop {hop}`, or move that server to another port");
    match (mine.tls.is_some(), theirs.tls.is_some()) {
        (true, false) => {
            let message = format!(
                "serves plaintext {} on port {port} of the same gateway pods: one of the two would be dropped",
                theirs.port.protocol
            );
            return Some(refusal(other, &field, message, documented("plain")));
        }
        (false, true) => {
            let message =
                format!("terminates TLS on port {port} of the same gateway pods: plaintext cannot share it");
            return Some(refusal(other, &field, message, documented("mtls")));
        }
        _ => {}
    }
    let bare = |host: &String| host.rsplit('/').next().unwrap_or(host).to_owned();
    let same = theirs.hosts.iter().map(bare).find(|host| mine.hosts.iter().map(bare).any(|own| own == *host));
    if let (Some(host), true) = (&same, mine.tls.is_some()) {
        let message = format!("also serves `{host}` on port {port}: Istio silently drops the younger server");
        return Some(refusal(
            other,
            &field,
            message,
            "remove that server, or choose another `--gateway`".to_owned(),
        ));
    }
    // Two chains for one SNI on one listener: Envoy would reject the listener.
    let passes =
        theirs.tls.as_ref().and_then(|tls| tls.mode.as_ref()) == Some(&GatewayServersTlsMode::Passthrough);
    let host = scene.host();
    if port == i64::from(TLS_HOP) && passes && theirs.hosts.iter().map(bare).any(|found| found == host) {
        let message = format!("has its own server for `{host}` on port {port} of the same gateway pods");
        return Some(refusal(other, &field, message, format!("remove the other egress of `{host}` first")));
    }
    None
}

/// At the gateway one host has one set of routes: two namespaces that mean different ports would get each other's.
fn other_ports(scene: &Scene<'_>) -> Vec<Conflict> {
    let intent = &scene.record.intent;
    let egresses = inventory::egresses(scene.snapshot);
    let same_gateway = egresses.iter().filter(|egress| {
        egress.host == intent.host
            && egress.namespace != intent.namespace
            && egress.gateway.as_ref() == Some(&intent.gateway)
    });
    let mut found = Vec::new();
    for egress in same_gateway {
        found.extend(other_layout(scene, egress));
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

/// Each layout makes filter chains of its own: two for one SNI on one listener, and Envoy rejects the listener.
fn other_layout(scene: &Scene<'_>, egress: &Egress<'_>) -> Option<Conflict> {
    let intent = &scene.record.intent;
    let theirs = egress.readable_record().filter(|record| record.intent.layout != intent.layout)?;
    let both = [&theirs.intent, intent].iter().all(|intent| intent.ports_of(Protocol::Tls).next().is_some());
    let object = egress.part(Role::MeshLeg).filter(|_| both)?;
    let message =
        format!("serves TLS of `{}` at this gateway in the {} layout", intent.host, theirs.intent.layout);
    let hint = format!("use `--layout {}`: a gateway takes one layout per TLS host", theirs.intent.layout);
    Some(refusal(object, metadata::HOST, message, hint))
}

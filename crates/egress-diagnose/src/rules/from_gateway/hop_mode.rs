//! EG055: client TLS settings match the gateway server's mode.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::client_tls::Mode;
use crate::istio::listeners::{Expects, Server};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::auto_mtls::can_be_offered;
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::traffic::routes::missing_routes;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(55),
    name: "client TLS settings match the gateway server's mode",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::Mesh, Input::VirtualServices, Input::DestinationRules, Input::GatewayObjects],
    beside_the_walk: "EG100 sees that the connection is reset. This check names the TLS mode of both sides, and finds mesh \
                      mTLS that a passthrough server sends on to the host.",
    docs: "\
## What it checks
The TLS mode of the callers' DestinationRule for the gateway's Service, against the mode of the Gateway server on that
port: plaintext to a plaintext server, `ISTIO_MUTUAL` to an `ISTIO_MUTUAL` server, and no mesh TLS to a `PASSTHROUGH`
server. EG032 checks auto mTLS, which decides if there is no DestinationRule.

## Why it matters
Sidecars do not adapt to a gateway: gateways lack the label that auto mTLS reads. If the two sides differ, every call
fails: 503 for HTTP, a reset for TLS. Mesh mTLS through a `PASSTHROUGH` server even reaches the outside host, which
cannot read it (istio/istio#7415, istio/istio#23910).

## How to fix
Set the DestinationRule's mode to the server's mode. Or let the server terminate mesh mTLS; the gateway then also
knows the caller.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let lacking: BTreeSet<Protocol> =
        missing_routes(view, path, gateway).iter().map(|missing| missing.protocol).collect();
    let automatic = can_be_offered(view, gateway);
    let mut told = BTreeSet::new();
    let (mut looked_at, mut findings) = (0, Vec::new());
    for call in gateway_connections(view, path, gateway) {
        if lacking.contains(&call.route.protocol) || (call.tls.is_none() && automatic) {
            continue;
        }
        looked_at += usize::from(call.listeners.at(call.listens_on).is_some());
        let Some(server) = call.mismatch() else { continue };
        if told.insert((call.caller.clone(), call.route.subset, call.port, call.route.protocol)) {
            findings.push(finding(view, path, gateway, &call, &server));
        }
    }
    CheckOutcome::of(looked_at, findings)
}

fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'_>,
    server: &Server<'_>,
) -> Finding {
    let spoken = match call.tls.as_ref().map(|tls| tls.mode) {
        Some(Mode::IstioMutual) => "mesh mTLS",
        Some(Mode::Simple | Mode::Mutual) => "TLS of another kind",
        None | Some(Mode::Disable) if call.route.protocol == Protocol::Tls => "the application's own TLS",
        None | Some(Mode::Disable) => "plaintext",
    };
    let expected = match server.expects {
        Expects::Plaintext => "plaintext",
        Expects::Passthrough => "TLS passthrough",
        Expects::OwnTls => "TLS to its own certificate",
        Expects::MeshMtls => "mesh mTLS",
    };
    let protocol = &server.spec.port.protocol;
    let mode = server.spec.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    let mode = mode.map_or_else(String::new, |mode| format!(", tls mode {}", json!(mode)).replace('"', ""));
    let service = format!("port {} of service {}", call.port, gateway.name);
    let server_is = format!("{}: {} has protocol {protocol}{mode}", server.object.id, server.field());
    let (object, evidence) = match &call.tls {
        Some(tls) => {
            (Place::of(&tls.rule.id).field(format!("{}.mode", tls.field), tls.mode_word()), vec![server_is])
        }
        None => (
            Place::of(&server.object.id)
                .field(format!("{}.port.protocol", server.field()), format!("{protocol}{mode}")),
            vec![format!("no DestinationRule that applies to {} sets TLS for {service}", call.caller)],
        ),
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "callers of {} send {spoken} to {service}, but the gateway expects {expected}",
            call.caller
        ),
        object,
        evidence,
        consequence: match call.route.protocol {
            Protocol::Http => format!("HTTP calls from {} to {} fail with 503", call.caller, path.host),
            Protocol::Tls => format!("TLS calls from {} to {} are reset", call.caller, path.host),
        },
        fix: fix(view, path, gateway, call, server),
    }
}

fn fix(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'_>,
    server: &Server<'_>,
) -> Fix {
    let alone = call.listeners.at(call.listens_on).is_some_and(|listener| listener.count == 1);
    let fits = call.sni.as_deref().is_some_and(|name| server.covers(name));
    match (&call.tls, server.expects) {
        (_, Expects::MeshMtls) => {
            let why = "makes the callers send mesh mTLS to this port";
            fixes::speak_mesh_mtls(view, gateway, (call, server), &path.host, why)
        }
        (Some(tls), Expects::Plaintext) if tls.mode == Mode::IstioMutual && alone && fits => {
            fixes::end_mesh_mtls(
                server,
                "makes the server terminate mesh mTLS; clients that send plaintext to it must change too",
            )
        }
        (Some(_), _) => {
            let why = "turns mesh TLS off for this port";
            fixes::speak_plaintext(view, gateway, call, why)
        }
        (None, _) => fixes::put_right(view, path, gateway, "rewrites both sides"),
    }
}

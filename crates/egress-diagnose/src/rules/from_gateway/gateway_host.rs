//! EG004: the Gateway has a server for the host.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, complete_protocols, end_at_gateway, missing_routes,
};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(4),
    name: "the Gateway has a server for the host",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    docs: "\
## What it checks
`servers[].hosts` of the Gateway object that the routes name.

## Why it matters
istiod ignores routes of a host without a server: calls end at the gateway with 404 or a reset.

## How to fix
Add the host to the server of its protocol.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::NotServed(object) } = missing else {
            return None;
        };
        let servers = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
        let hosts: Vec<&str> = servers.iter().flat_map(|server| &server.hosts).map(String::as_str).collect();
        let speaks = |name: &str| match protocol {
            Protocol::Http => name.starts_with("HTTP") || name.starts_with("GRPC"),
            Protocol::Tls => name == "TLS" || name == "HTTPS",
        };
        let server = servers.iter().position(|server| speaks(&server.port.protocol)).unwrap_or_default();
        let operation =
            json!({ "op": "add", "path": format!("/spec/servers/{server}/hosts/-"), "value": path.host });
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("no server of the Gateway object accepts {}", path.host),
            object: Place::of(&object.id).field("spec.servers[].hosts", hosts.join(", ")),
            evidence: Vec::new(),
            consequence: end_at_gateway(protocol, &path.host),
            fix: fixes::patch(&object.id, &operation, "lets the server accept the host"),
        })
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

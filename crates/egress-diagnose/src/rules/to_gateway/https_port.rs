//! EG057: no HTTPS port is declared as HTTP.

use egress_core::input::Input;
use egress_core::port::Port;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::upstream;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(57),
    name: "no HTTPS port is declared as HTTP",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "Calls are followed as the ServiceEntry declares the port. What clients really send on port 443 is in \
                      no object.",
    docs: "\
## What it checks
Port 443 of the ServiceEntry that callers use: its protocol is not `HTTP`, `HTTP2` or `GRPC`, unless the gateway
originates TLS on that port and the application sends HTTP to it.

## Why it matters
Sidecars read traffic on such a port as HTTP, but the application sends TLS. Every `https://` call fails with `wrong
version number`. Other hosts fail too: all ServiceEntries of one port share a listener (istio/istio#17358,
istio/istio#16458).

## How to fix
Declare the port `TLS`, and route it by SNI.
",
    run: Run::PathThroughGateway(run),
};

/// The well-known port for HTTPS.
const HTTPS: i64 = 443;

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let (mut looked_at, mut findings) = (0, Vec::new());
    for caller in &path.callers {
        let Some(entry) = view.entries_seen_from(caller, &path.host).first().copied() else { continue };
        let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
        let mut ports = ports.iter().enumerate().filter(|(_, port)| port.number == HTTPS).peekable();
        looked_at += usize::from(ports.peek().is_some());
        let plain = ports.find(|(_, port)| {
            let protocol = port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
            matches!(protocol.as_str(), "HTTP" | "HTTP2" | "GRPC")
        });
        let Some((place, port)) = plain else { continue };
        let opened = upstream(view, path, gateway).iter().any(|upstream| {
            upstream.port.number == HTTPS
                && upstream.tls.as_ref().is_some_and(crate::istio::client_tls::ClientTls::originates)
        });
        if opened || findings.iter().any(|found: &Finding| found.object.name == entry.id.name) {
            continue;
        }
        let name = port.name.to_ascii_lowercase();
        let says_so = name.starts_with("https") || name.starts_with("tls");
        findings.push(Finding {
            code: CHECK.code,
            confidence: if says_so { Confidence::Certain } else { Confidence::Inferred },
            level: CHECK.level,
            message: format!(
                "port 443 of {} is declared {}",
                path.host,
                port.protocol.as_deref().unwrap_or_default()
            ),
            object: Place::of(&entry.id)
                .field(format!("spec.ports[{place}].protocol"), port.protocol.clone().unwrap_or_default()),
            evidence: vec![format!(
                "the port's name is {}, and the gateway does not originate TLS on it",
                port.name
            )],
            consequence: format!(
                "https:// calls from {caller} to {} fail: sidecars read TLS as HTTP",
                path.host
            ),
            fix: fixes::put_right(
                view,
                &with_tls(path),
                gateway,
                "declares the port TLS, and routes it by SNI",
            ),
        });
    }
    CheckOutcome::of(looked_at, findings)
}

/// Corrects the path: port 443 carries TLS.
fn with_tls<'a>(path: &EgressPath<'a>) -> EgressPath<'a> {
    let ports = path.ports.iter().map(|port| if i64::from(port.number) == HTTPS { Port::TLS } else { *port });
    let ports = ports.chain([Port::TLS]).collect();
    EgressPath { ports, ..path.clone() }
}

//! EG064: TLS origination for TCP sends an SNI.

use std::net::IpAddr;

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::exported_to;
use egress_core::visibility::virtual_service::{MESH, gateway_name};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::client_tls::ClientTls;
use crate::istio::routes::{Route, routes};
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::name_of;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(64),
    name: "TLS origination for TCP sends an SNI",
    level: Level::Warning,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Gateways,
        Input::VirtualServices,
        Input::GatewayObjects,
        Input::ServiceEntries,
        Input::DestinationRules,
    ],
    beside_the_walk: "A followed call ends at the host. What the host answers to TLS without SNI is not simulated.",
    docs: "\
## What it checks
TCP routes at the gateway to a destination with TLS origination: the DestinationRule sets `sni`.

## Why it matters
For HTTP, Istio takes the SNI from the request. For TCP there is none, so TLS starts without SNI: a server of several
hosts resets it, or answers with another host's certificate. Then Istio checks no name in the certificate at all
(`setAutoSanValidation` in `pilot/pkg/networking/core/cluster_tls.go`; istio/istio#43540, istio/istio#39077).

## How to fix
Name the host in `sni` and in `subjectAltNames`.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let viewer = &gateway.name.namespace;
    let names: Vec<String> =
        view.gateway_objects().filter(|object| selects(object, gateway)).map(name_of).collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut opened = 0;
    for resource in view.all_virtual_services() {
        let Some(spec) = resource.virtual_service().filter(|spec| spec.tcp.is_some()) else { continue };
        if !exported_to(spec.export_to.as_deref(), &resource.id.namespace, viewer) {
            continue;
        }
        let bound = spec.gateways.iter().flatten().filter(|name| *name != MESH);
        let bound =
            bound.map(|name| gateway_name(name, &resource.id.namespace)).filter(|name| names.contains(name));
        for route in bound.flat_map(|name| tcp_routes(resource, &name)) {
            let (calls_in_tls, finding) = examine_route(view, viewer, &route);
            opened += usize::from(calls_in_tls);
            findings
                .extend(finding.filter(|found| !findings.iter().any(|other| other.object == found.object)));
        }
    }
    CheckOutcome::of(opened, findings)
}

fn tcp_routes<'a>(resource: &'a Resource, name: &str) -> Vec<Route<'a>> {
    let all = routes(resource, name, "");
    all.into_iter().filter(|route| route.field.starts_with("spec.tcp")).collect()
}

/// Whether TLS is originated for TCP to a destination, and what is wrong with it.
fn examine_route(view: &View<'_>, viewer: &str, route: &Route<'_>) -> (bool, Option<Finding>) {
    let Some(entry) = view.entries_seen_from(viewer, route.host).first().copied() else {
        return (false, None);
    };
    let ports = entry.service_entry().and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    let port = ports
        .into_iter()
        .find(|port| route.destination_port.is_none_or(|number| i64::from(number) == port.number));
    let Some((port, number)) = port.and_then(|port| Some((port, u16::try_from(port.number).ok()?))) else {
        return (false, None);
    };
    // EG052 reports TLS that would be encrypted twice.
    let protocol = port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
    let rules = view.rules_for(viewer, route.host, &entry.id.namespace);
    let tls = rules.tls(route.subset, number).filter(ClientTls::originates);
    let Some(tls) = tls.filter(|_| !matches!(protocol.as_str(), "TLS" | "HTTPS")) else {
        return (false, None);
    };
    if tls.sni.is_some() || route.host.parse::<IpAddr>().is_ok() {
        return (true, None);
    }
    let field = format!("{}.sni", tls.field);
    let fix = fixes::set(&tls.rule.id, &field, &json!(route.host), "names the host");
    let finding = Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the gateway originates TLS to {}:{number} without SNI", route.host),
        object: Place { field: Some(field), ..Place::of(&tls.rule.id) },
        evidence: vec![format!("{} sends TCP there in {}", route.resource.id, route.field)],
        consequence: format!(
            "{} may refuse, or answer with another host's certificate, and nobody notices",
            route.host
        ),
        fix,
    };
    (true, Some(finding))
}

//! EG005: routes point to a port of the gateway's Service.

use std::collections::BTreeSet;

use egress_core::dialect::{HTTP_HOP, TLS_HOP};
use egress_core::input::Input;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(5),
    name: "routes point to a port of the gateway's Service",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices],
    docs: "\
## What it checks
The port of each destination in the routes to the gateway, against the ports of its Service.

## Why it matters
istiod makes no cluster for a port that the Service does not have. Calls fail with 503 (`NC`).

## How to fix
Route to a port of the Service (not to the pods' target port), or add the port to the Service.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(gateway) = path.gateway.filter(|gateway| !gateway.assumed) else {
        return CheckOutcome::NotApplicable;
    };
    let mut told = BTreeSet::new();
    let (mut looked_at, mut findings) = (0, Vec::new());
    for route in to_gateway(view, path, gateway) {
        let Some(port) = route.destination_port else { continue };
        if gateway.port(port).is_some() {
            looked_at += 1;
            continue;
        }
        // EG002 reports the ports that every gateway should have.
        if [HTTP_HOP, TLS_HOP].contains(&port) {
            continue;
        }
        if !told.insert(route.field.clone()) {
            continue;
        }
        let ports: Vec<String> = gateway.ports.iter().map(|port| port.number.to_string()).collect();
        let target = gateway.ports.iter().find(|other| other.target == Some(port));
        let right = target.or_else(|| gateway.ports.first());
        let pointer = route.field.replace(['.', '['], "/").replace(']', "");
        let number = right.map_or(port, |port| port.number);
        let operation =
            json!({ "op": "replace", "path": format!("/{pointer}/port/number"), "value": number });
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("the gateway's Service has no port {port}"),
            object: Place::of(&route.resource.id)
                .field(format!("{}.port.number", route.field), port.to_string()),
            evidence: vec![match target {
                Some(target) => format!("{port} is the target port of port {}", target.number),
                None => format!("service {} has ports {}", gateway.name, ports.join(", ")),
            }],
            consequence: format!("{} calls to {} fail with 503", route.protocol, path.host),
            fix: fixes::patch(&route.resource.id, &operation, "routes to an existing port of the Service"),
        });
    }
    CheckOutcome::of(looked_at, findings)
}

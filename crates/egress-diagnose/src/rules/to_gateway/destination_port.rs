//! EG005: routes point to a port of the gateway's Service.
//!
//! To istiod, a Service that is not exported to a caller is the same as one without ports.

use std::collections::BTreeSet;

use egress_core::dialect::{HTTP_HOP, TLS_HOP};
use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::objects::EXPORT_TO;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{Alteration, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(5),
    name: "routes point to a port of the gateway's Service",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::VirtualServices, Input::Services, Input::Mesh],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      exports the Service to the callers alone.",
    docs: "\
## What it checks
The port of each destination in the routes to the gateway, against the ports of its Service; and whether the callers'
namespaces see the Service: its annotation `networking.istio.io/exportTo`, else `defaultServiceExportTo` of the mesh
configuration.

## Why it matters
istiod makes no cluster for a port that the Service does not have, or for a Service that the caller does not see. HTTP
calls fail with 503 (`NC`), and TLS is reset.

## How to fix
Route to a port of the Service (not to the pods' target port), or add the port to the Service. If the Service is not
visible, annotate it with the namespaces of the callers, or with `*`.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(gateway) = path.gateway.filter(|gateway| !gateway.assumed) else {
        return CheckOutcome::NotApplicable;
    };
    let mut told = BTreeSet::new();
    let (mut looked_at, mut findings) = (0, Vec::new());
    findings.extend(hidden(view, path, gateway));
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

/// The gateway's Service, if callers of the path do not see it.
fn hidden(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Option<Finding> {
    let routes = to_gateway(view, path, gateway);
    let visibility = view.visibility_of(gateway).ok()?;
    let is_hidden = |caller: &&str| !visibility.covers(gateway, caller);
    let callers: Vec<&str> = path.callers.iter().map(String::as_str).filter(is_hidden).collect();
    let protocols: BTreeSet<Protocol> = routes.iter().map(|route| route.protocol).collect();
    if callers.is_empty() || protocols.is_empty() {
        return None;
    }
    let GatewayName { namespace, service } = &gateway.name;
    let words = visibility.words.join(", ");
    let object = Place::new("Service", Some(namespace), service);
    let (map_namespace, map) = view.mesh().config_map();
    // Every caller of the gateway, so that the fix of one host keeps that of another.
    let all = view.caller_namespaces().keys().map(String::as_str).filter(|name| is_hidden(name));
    let named: BTreeSet<&str> = all.chain(callers.iter().copied()).collect();
    let own = if visibility.is_own { visibility.words } else { &[] };
    let kept = own.iter().map(String::as_str).filter(|word| !matches!(*word, "." | "~"));
    let all: BTreeSet<&str> = kept.chain(named).chain([namespace.as_str()]).collect();
    let value = all.into_iter().collect::<Vec<&str>>().join(",");
    let consequence = match (protocols.contains(&Protocol::Http), protocols.contains(&Protocol::Tls)) {
        (true, true) => "fail: HTTP gets 503, TLS is reset",
        (true, false) => "fail with 503",
        _ => "are reset",
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: match callers.as_slice() {
            [one] => format!("namespace {one} does not see the gateway's Service"),
            several => format!("namespaces {} do not see the gateway's Service", list(several)),
        },
        object: if visibility.is_own {
            object.field(format!("metadata.annotations['{EXPORT_TO}']"), words.as_str())
        } else {
            object
        },
        evidence: if visibility.is_own {
            Vec::new()
        } else {
            vec![
                format!("it has no annotation {EXPORT_TO}"),
                format!("configmap/{map} in namespace {map_namespace}: defaultServiceExportTo is `{words}`"),
            ]
        },
        consequence: format!("calls from {} to {} {consequence}", list(&callers), path.host),
        fix: fixes::changed(
            ("service", service, namespace),
            Alteration::Annotate(vec![(EXPORT_TO.to_owned(), Some(value))]),
            "shows the Service to the callers",
        ),
    })
}

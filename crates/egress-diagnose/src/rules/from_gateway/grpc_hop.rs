//! EG066: gRPC uses HTTP/2 on every hop.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::{GatewayFacts, ServicePort};
use egress_istio::service_entry::ServiceEntryPorts;
use serde_json::{Value, json};

use crate::finding::{Alteration, CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(66),
    name: "gRPC uses HTTP/2 on every hop",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Gateways,
        Input::VirtualServices,
        Input::GatewayObjects,
        Input::ServiceEntries,
        Input::DestinationRules,
    ],
    beside_the_walk: "Calls are followed as HTTP. Whether trailers of gRPC survive is not simulated.",
    docs: "\
## What it checks
If the callers' ServiceEntry declares a port `GRPC`: the gateway Service port of its route (by `appProtocol`, else by
name), and the port that the gateway calls. Both must be HTTP/2, or a DestinationRule must upgrade to it. A Service
port without a protocol in its name is fine: it follows the traffic.

## Why it matters
gRPC needs HTTP/2 on every hop. HTTP/1.1 loses the trailers with the status of the call: `UPE`, 502, or `unavailable`
in the application (istio/istio#57294, istio/istio#60466, istio/istio#24619).

## How to fix
Set `appProtocol: http2` on the gateway's Service port, and `protocol: GRPC` on the port that the gateway calls.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    view.note(Input::Gateways);
    let mut findings = Vec::new();
    let mut calls = 0;
    for call in gateway_connections(view, path, gateway) {
        if !is_grpc(view, path, &call) {
            continue;
        }
        calls += 1;
        findings.extend(to_gateway(view, path, gateway, &call));
        for upstream in upstream(view, path, gateway) {
            findings.extend(from_gateway(view, path, gateway, &upstream));
        }
    }
    findings.dedup_by(|left, right| left.object == right.object);
    CheckOutcome::of(calls, findings)
}

/// Whether the callers' entry declares the protocol of this call as gRPC.
fn is_grpc(view: &View<'_>, path: &EgressPath<'_>, call: &GatewayConnection<'_>) -> bool {
    if call.route.protocol != Protocol::Http {
        return false;
    }
    let entries = view.entries_seen_from(&call.caller, &path.host);
    let entry = entries.first().and_then(|entry| entry.service_entry());
    let mut ports = entry.and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    let carried =
        |port: &ServiceEntryPorts| call.route.port.is_none_or(|number| i64::from(number) == port.number);
    ports.any(|port| {
        carried(port) && port.protocol.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("grpc"))
    })
}

fn to_gateway(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'_>,
) -> Option<Finding> {
    let port = gateway.port(call.port)?;
    let rules = view.hop_rules(&call.caller, gateway);
    let said = [rules.policy(call.route.subset), rules.policy(None)];
    if !speaks_http1(port) || said.iter().flatten().any(|(_, _, policy)| upgrades(policy)) {
        return None;
    }
    let name = &gateway.name;
    let change = json!({ "spec": { "ports": [{ "port": port.number, "appProtocol": "http2" }] } });
    let service = ("service", name.service.as_str(), name.namespace.as_str());
    let field = if port.app_protocol.is_some() { "appProtocol" } else { "name" };
    Some(finding(
        path,
        &format!("gRPC to {} reaches the gateway as HTTP/1.1", path.host),
        Place::new("Service", Some(&name.namespace), &name.service).field(
            format!("spec.ports[].{field}"),
            port.app_protocol.clone().unwrap_or_else(|| port.name.clone()),
        ),
        format!("{} leads to its port {} in {}", call.route.resource.id, port.number, call.route.field),
        fixes::changed(service, Alteration::StrategicPatch(change), "makes sidecars use HTTP/2 on this port"),
    ))
}

fn from_gateway(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    upstream: &Upstream<'_>,
) -> Option<Finding> {
    let protocol = upstream.protocol();
    if upstream.route.protocol != Protocol::Http || !matches!(protocol.as_str(), "HTTP" | "HTTPS") {
        return None;
    }
    let rules = view.rules_for(&gateway.name.namespace, upstream.route.host, &upstream.entry.id.namespace);
    if rules.policy(None).is_some_and(|(_, _, policy)| upgrades(&policy)) {
        return None;
    }
    let field = format!("spec.ports[{}].protocol", upstream.place);
    let fix =
        fixes::set(&upstream.entry.id, &field, &json!("GRPC"), "makes the gateway use HTTP/2 to the host");
    Some(finding(
        path,
        &format!("gRPC leaves the gateway for {} as HTTP/1.1", path.host),
        Place::of(&upstream.entry.id).field(field, protocol),
        format!("{} leads there in {}", upstream.route.resource.id, upstream.route.field),
        fix,
    ))
}

fn finding(path: &EgressPath<'_>, message: &str, object: Place, evidence: String, fix: Fix) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: message.to_owned(),
        object,
        evidence: vec![evidence],
        consequence: format!("gRPC calls to {} fail", path.host),
        fix,
    }
}

/// Whether sidecars use HTTP/1.1 to a Service port. `ParseProtocol` in `pkg/config/kube/conversion.go`: `appProtocol`
/// decides, else the name up to its first dash. Without either, the sidecar uses the application's protocol.
fn speaks_http1(port: &ServicePort) -> bool {
    let word = match &port.app_protocol {
        Some(word) => word.as_str(),
        None => port.name.split('-').next().unwrap_or_default(),
    };
    word.eq_ignore_ascii_case("http")
}

/// Whether a traffic policy makes proxies use HTTP/2, or the application's protocol.
fn upgrades(policy: &Value) -> bool {
    let ports = policy.pointer("/portLevelSettings").and_then(Value::as_array).into_iter().flatten();
    [policy].into_iter().chain(ports).any(|settings| {
        let http = settings.pointer("/connectionPool/http");
        let says = |key: &str| http.and_then(|http| http.get(key));
        says("h2UpgradePolicy").is_some_and(|word| word == "UPGRADE")
            || says("useClientProtocol").is_some_and(|word| *word == true)
    })
}

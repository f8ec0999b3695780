//! EG076: client certificate headers are removed before requests leave.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use egress_istio::virtual_service::VirtualServiceHttp;
use serde_json::{Value, json};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(76),
    name: "client certificate headers are removed before requests leave",
    level: Level::Info,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "Calls pass with these headers. What they tell the host is not simulated.",
    docs: "\
## What it checks
If callers reach the gateway in mesh mTLS, the HTTP routes at the gateway remove `x-forwarded-client-cert`. A
ProxyConfig or an EnvoyFilter that removes it for all routes is not read.

## Why it matters
A gateway forwards the caller's identity: Envoy's default there is `SANITIZE_SET`. The outside host gets the
certificate, and with it the names of namespaces and service accounts (`pilot/pkg/networking/core/gateway.go`).
Nothing breaks, but the host learns the inside of the mesh.

## How to fix
Remove the header in the route at the gateway.
",
    run: Run::PathThroughGateway(run),
};

const HEADER: &str = "x-forwarded-client-cert";

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let told = |call: &GatewayConnection<'_>| call.route.protocol == Protocol::Http && call.has_identity();
    if !gateway_connections(view, path, gateway).iter().any(told) {
        return CheckOutcome::NotApplicable;
    }
    let mut findings: Vec<Finding> = Vec::new();
    let upstreams = upstream(view, path, gateway);
    for upstream in &upstreams {
        let Some(finding) = finding(path, upstream) else { continue };
        if !findings.iter().any(|other| other.object == finding.object) {
            findings.push(finding);
        }
    }
    CheckOutcome::of(upstreams.iter().filter(|upstream| upstream.route.http.is_some()).count(), findings)
}

fn finding(path: &EgressPath<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
    let rule = upstream.route.http.filter(|rule| !removes(rule))?;
    let (place, _) = upstream.route.field.split_once(".route[")?;
    let place = format!("{place}.headers");
    let mut headers = json!(rule.headers);
    if !headers.is_object() {
        headers = json!({});
    }
    let mut removed =
        headers.pointer("/request/remove").and_then(Value::as_array).cloned().unwrap_or_default();
    removed.push(json!(HEADER));
    headers["request"]["remove"] = json!(removed);
    let id = &upstream.route.resource.id;
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("{} receives the identity of the calling workload", path.host),
        object: Place { field: Some(place.clone()), ..Place::of(id) },
        evidence: vec![format!(
            "callers reach the gateway in mesh mTLS, and the route does not remove {HEADER}"
        )],
        consequence: format!("every HTTP call gives {} the caller's identity and certificate", path.host),
        fix: fixes::set(id, &place, &headers, "removes the header at the gateway"),
    })
}

fn removes(rule: &VirtualServiceHttp) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(HEADER));
    let of_rule = rule.headers.as_ref().and_then(|headers| headers.request.as_ref()?.remove.as_deref());
    let mut routes = rule.route.iter().flatten();
    let of_route = routes.all(|route| {
        let headers = route.headers.as_ref().and_then(|headers| headers.request.as_ref()?.remove.as_deref());
        headers.is_some_and(named)
    });
    of_rule.is_some_and(named) || of_route
}

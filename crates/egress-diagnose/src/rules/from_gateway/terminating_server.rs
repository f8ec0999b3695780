//! EG049: servers that terminate TLS have tcp routes.

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};
use serde_json::{Value, json};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{by_server, name_of};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(49),
    name: "servers that terminate TLS have tcp routes",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      writes the rule that the server needs.",
    docs: "\
## What it checks
The routes of servers with protocol `TLS` and a mode other than `PASSTHROUGH`: they are `tcp` routes.

## Why it matters
Only a `PASSTHROUGH` server routes by SNI. A server that terminates TLS, such as `ISTIO_MUTUAL`, needs `tcp` routes.
With only `tls` routes its listener has no filter chain, and istiod drops it. It only logs `gateway omitting listener`
(`createGatewayTCPFilterChainOpts` in `pilot/pkg/networking/core/gateway.go`, istio/istio#37293).

## How to fix
Change the gateway's `tls` route into a `tcp` route.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let mut names = vec![path.host.as_str()];
    let all = view.virtual_services(&path.host);
    let others = all.iter().filter_map(|resource| resource.virtual_service()?.hosts.as_deref()).flatten();
    names.extend(others.map(String::as_str).filter(|name| *name != path.host));
    let behind: Vec<_> = names.into_iter().flat_map(|name| by_server(view, path, gateway, name)).collect();
    let mut wrong: Vec<&(&Resource, Route<'_>)> =
        behind.iter().filter(|(object, route)| is_tls_rule(route) && ends_tls(object, route.port)).collect();
    wrong.dedup_by(|(_, one), (_, other)| one.resource.id == other.resource.id && one.field == other.field);
    let has_tcp = |object: &Resource| {
        behind.iter().any(|(other, route)| other.id == object.id && route.field.starts_with("spec.tcp"))
    };
    let wrong = wrong.into_iter().filter(|(object, _)| !has_tcp(object));
    let rules = behind.iter().filter(|(_, route)| route.http.is_none()).count();
    CheckOutcome::of(rules, wrong.filter_map(|(object, route)| finding(path, object, route)).collect())
}

fn is_tls_rule(route: &Route<'_>) -> bool {
    route.field.starts_with("spec.tls")
}

/// Whether all servers on a port terminate TLS. A passthrough server needs `tls` rules.
fn ends_tls(object: &Resource, port: Option<u16>) -> bool {
    let servers = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
    let mut on_port = servers
        .iter()
        .filter(|server| server.port.protocol == "TLS")
        .filter(|server| port.is_none_or(|port| server.port.number == i64::from(port)))
        .peekable();
    on_port.peek().is_some() && on_port.all(|server| mode(server).is_some())
}

/// The mode of a server that terminates TLS.
fn mode(server: &GatewayServers) -> Option<&GatewayServersTlsMode> {
    use GatewayServersTlsMode::{AutoPassthrough, Passthrough};
    let mode = server.tls.as_ref()?.mode.as_ref()?;
    (!matches!(mode, Passthrough | AutoPassthrough)).then_some(mode)
}

fn finding(path: &EgressPath<'_>, object: &Resource, route: &Route<'_>) -> Option<Finding> {
    let spec = route.resource.virtual_service()?;
    let place: usize = route.field.strip_prefix("spec.tls[")?.split(']').next()?.parse().ok()?;
    let mut tls: Vec<Value> =
        spec.tls.iter().flatten().filter_map(|rule| serde_json::to_value(rule).ok()).collect();
    let mut tcp: Vec<Value> =
        spec.tcp.iter().flatten().filter_map(|rule| serde_json::to_value(rule).ok()).collect();
    if place >= tls.len() {
        return None;
    }
    let mut rule = tls.remove(place);
    for matched in rule.pointer_mut("/match").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(matched) = matched.as_object_mut() {
            matched.remove("sniHosts");
        }
    }
    tcp.push(rule);
    let tls = if tls.is_empty() { Value::Null } else { Value::from(tls) };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "gateway {} terminates TLS, but the route for {} is for TLS passthrough",
            name_of(object),
            path.host
        ),
        object: Place::of(&route.resource.id).field(format!("spec.tls[{place}]"), "a tls route"),
        evidence: vec![Place::of(&object.id).field("spec.servers[].tls.mode", "not PASSTHROUGH").to_string()],
        consequence: format!(
            "istiod drops the listener: TLS calls to {} are reset by the gateway",
            path.host
        ),
        fix: fixes::merge(
            &route.resource.id,
            &json!({ "tls": tls, "tcp": tcp }),
            "makes it a tcp route, as TLS termination needs",
        ),
    })
}

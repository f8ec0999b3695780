//! EG058: match.port of gateway routes is a port of the Gateway server.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::by_server;
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(58),
    name: "match.port of gateway routes is a port of the Gateway server",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      names the port of the match and the ports of the server.",
    docs: "\
## What it checks
`match.port` of the gateway's routes for the host, against `servers[].port.number` of the Gateway object.

## Why it matters
Three numbers are easily confused: the port that callers use at the gateway's Service, the port that the pods listen
on, and the port of the outside host. `match.port` means the first, like `servers[].port.number`. A route with another
number never matches: the gateway answers 404, or resets TLS.

## How to fix
Use the server's port number in the match.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let behind = by_server(view, path, gateway, &path.host);
    let chosen = |(object, route): &(&Resource, Route<'_>)| {
        route.port.is_none_or(|port| numbers(object).contains(&i64::from(port)))
    };
    let served: BTreeSet<Protocol> =
        behind.iter().filter(|found| chosen(found)).map(|(_, route)| route.protocol).collect();
    let idle = behind.iter().filter(|(_, route)| !served.contains(&route.protocol));
    CheckOutcome::of(
        behind.len(),
        idle.filter_map(|(object, route)| finding(path, gateway, object, route)).collect(),
    )
}

/// The ports of a Gateway object's servers.
fn numbers(object: &Resource) -> Vec<i64> {
    let servers = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
    servers.iter().map(|server| server.port.number).collect()
}

fn finding(
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    object: &Resource,
    route: &Route<'_>,
) -> Option<Finding> {
    let (port, matched) = (i64::from(route.port?), route.matched.as_ref()?);
    let servers = numbers(object);
    let listening = servers.iter().find(|number| gateway.listens_on(**number) == port);
    let right = *listening.or(servers.first())?;
    let words: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let mut evidence =
        vec![Place::of(&object.id).field("spec.servers[].port.number", list(&words)).to_string()];
    evidence.extend(
        listening
            .map(|_| format!("{port} is the port that the gateway's pods listen on, behind port {right}")),
    );
    let pointer = matched.replace(['.', '['], "/").replace(']', "");
    let operation = json!({ "op": "replace", "path": format!("/{pointer}/port"), "value": right });
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "a route for {} matches port {port}, but no server of its Gateway has that port",
            path.host
        ),
        object: Place::of(&route.resource.id).field(format!("{matched}.port"), port.to_string()),
        evidence,
        consequence: match route.protocol {
            Protocol::Http => format!("HTTP calls to {} get 404 from the gateway", path.host),
            Protocol::Tls => format!("TLS calls to {} are reset by the gateway", path.host),
        },
        fix: fixes::patch(&route.resource.id, &operation, "matches the server's port"),
    })
}

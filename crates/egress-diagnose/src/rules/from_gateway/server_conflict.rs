//! EG009: no two Gateway servers conflict on one port.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::inventory::Egress;
use egress_core::istio::server::selects;
use egress_core::metadata;
use egress_core::resource::Resource;
use egress_core::role::Role;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::creation_order;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::listeners::{Server, servers};
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::from_gateway::dropped_servers;
use crate::traffic::routes::name_of;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(9),
    name: "no two Gateway servers conflict on one port",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::Gateways, Input::GatewayObjects, Input::VirtualServices, Input::DestinationRules],
    beside_the_walk: "A call is followed to the server that istiod keeps. This check names the server that istiod drops, \
                      also where no route uses it yet.",
    docs: "\
## What it checks
The servers of all Gateway objects that select the gateway's pods: on one port all are plaintext or all are TLS, and
no two TLS servers have the same host. A server is TLS if it has `tls` and its protocol is none of HTTP: the `tls` of an
HTTP port can only redirect to HTTPS (`IsTLSServer` in `pkg/config/gateway/gateway.go`).

## Why it matters
If the plaintext server is older, istiod drops the TLS server, and every host behind it fails. If it is younger,
istiod sends two equal filter chains. Envoy rejects the whole listener and keeps the old one until the pod restarts.
`istioctl analyze` shows neither.

Of two TLS servers for one host, istiod keeps the older and drops the whole other server, with all its hosts
(`mergeGateways` in `pilot/pkg/model/gateway.go`, istio/istio#16806). If only the younger one's Gateway object has
routes for a host, its calls end at the gateway.

## How to fix
Remove the plaintext server from the port, or move it to another port of the Service. Of two TLS servers for one host,
bind the routes to the one that istiod keeps, and remove the other.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let objects = view.gateway_objects().filter(|object| selects(object, gateway));
    let servers: Vec<Server<'_>> = objects.flat_map(|object| servers(object, gateway)).collect();
    let all_secured = servers.iter().filter(|server| server.is_tls());
    let by_port: BTreeMap<i64, &Server<'_>> = all_secured.map(|server| (server.listens_on, server)).collect();
    let conflicts = servers.iter().filter(|server| !server.is_tls()).filter_map(|plain| {
        let secured = by_port.get(&plain.listens_on)?;
        Some(finding(plain, secured, is_unused(view, secured.object, gateway)))
    });
    let mut findings: Vec<Finding> = conflicts.collect();
    // EG048 reports two servers for host `*`.
    findings.extend(dropped_servers::findings(&CHECK, view, gateway, |host| host != "*"));
    if findings.is_empty() {
        let good = if servers.is_empty() { CheckOutcome::NotApplicable } else { CheckOutcome::Good(None) };
        return view.sees(None).map_or_else(CheckOutcome::Unreadable, |()| good);
    }
    CheckOutcome::Bad(findings)
}

/// Whether an object is part of a gateway's shared pair that no host uses.
fn is_unused(view: &View<'_>, object: &Resource, gateway: &GatewayFacts) -> bool {
    let uses =
        |egress: &Egress<'_>| egress.uses_gateway_objects() && egress.gateway.as_ref() == Some(&gateway.name);
    metadata::role(object) == Some(Role::SharedGateway) && !view.egresses().iter().any(uses)
}

fn finding(plain: &Server<'_>, secured: &Server<'_>, unused: bool) -> Finding {
    let (port, name) = (plain.spec.port.number, name_of(secured.object));
    let protocol = |server: &Server<'_>| {
        let protocol = server.spec.port.protocol.as_str();
        Place::of(&server.object.id).field(format!("{}.port.protocol", server.field()), protocol)
    };
    let older = creation_order(plain.object) < creation_order(secured.object);
    let why = format!("removes the plaintext server from port {port}; first move its users to another port");
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("a plaintext server uses port {port}, which gateway {name} uses for TLS"),
        object: protocol(plain),
        evidence: vec![
            protocol(secured).to_string(),
            if older {
                "the plaintext server is older: istiod drops the other".to_owned()
            } else {
                "the plaintext server is younger: istiod sends both, and Envoy rejects the listener"
                    .to_owned()
            },
        ],
        consequence: if older {
            let how = if secured.spec.port.protocol.eq_ignore_ascii_case("HTTPS") {
                "fail with 503"
            } else {
                "are reset"
            };
            format!("all calls through port {port} of gateway {name} {how}")
        } else {
            format!("changes to port {port} no longer arrive, and a restarted pod may serve neither")
        },
        fix: if unused {
            fixes::delete(secured.object, "nothing uses it; the next host that needs it recreates it")
        } else if plain.is_alone() {
            fixes::delete(plain.object, &why)
        } else {
            let operation = json!({ "op": "remove", "path": format!("/spec/servers/{}", plain.index) });
            fixes::patch(&plain.object.id, &operation, &why)
        },
    }
}

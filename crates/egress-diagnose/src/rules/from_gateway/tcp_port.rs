//! EG038: each TCP host has its own port at the gateway.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::creation_order;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::listeners::{Follows, Server};
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::server_merge::{Claim, MergedServers, ServerUser, ServerUsers};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(38),
    name: "each TCP host has its own port at the gateway",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::Gateways, Input::GatewayObjects, Input::VirtualServices, Input::DestinationRules],
    beside_the_walk: "EG101 sees only where the call arrives. This check names the two servers that share a port, and a \
                      fix that separates them.",
    docs: "\
## What it checks
The plaintext TCP servers of all Gateway objects that select the gateway's pods: no two share a port, and the `tcp`
routes of a server lead to one host.

## Why it matters
A TCP connection does not name its host. On one port istiod keeps the oldest plaintext server, and of its routes those
of the oldest VirtualService (`mergeGateways` in `pilot/pkg/model/gateway.go`,
`buildGatewayNetworkFiltersFromTCPRoutes` in `pilot/pkg/networking/core/gateway.go`). Connections for every other host
arrive at the first one: a client connects to the wrong database (istio/istio#42520, istio/istio#26772).

## How to fix
Give each TCP host its own port in the gateway's Service. With mesh mTLS and an `sni` for each host, one port is
enough for all.
",
    run: Run::Gateway(run),
};

/// A plaintext port with TCP on it.
struct Port<'a> {
    /// The server that istiod keeps on it.
    kept: Server<'a>,
    /// The servers that claim it.
    servers: Vec<Server<'a>>,
}

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let merged = MergedServers::of(view, gateway);
    let mut ports: BTreeMap<i64, Port<'_>> = BTreeMap::new();
    for server in merged.kept.iter().filter(|server| is_plain_tcp(server)) {
        ports.insert(server.listens_on, Port { kept: *server, servers: vec![*server] });
    }
    for dropped in merged.dropped.iter().filter(|dropped| dropped.claim == Claim::Port) {
        let port = ports
            .entry(dropped.kept.listens_on)
            .or_insert_with(|| Port { kept: dropped.kept, servers: Vec::new() });
        port.servers.push(dropped.server);
    }
    if ports.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let users = ServerUsers::new(view, gateway, &merged);
    let mut findings = Vec::new();
    for port in ports.values() {
        findings.extend(of_port(view, gateway, &merged, &users, port));
    }
    if findings.is_empty() {
        return view.sees(None).map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::Good(None));
    }
    CheckOutcome::Bad(findings)
}

fn is_plain_tcp(server: &Server<'_>) -> bool {
    server.spec.tls.is_none() && server.follows() == Follows::Tcp
}

/// The conflicts that send connections to a wrong destination: one finding for each dropped server, and one for the
/// rules of the kept server that never apply.
fn of_port(
    view: &View<'_>,
    gateway: &GatewayFacts,
    merged: &MergedServers<'_>,
    users: &ServerUsers<'_>,
    port: &Port<'_>,
) -> Vec<Finding> {
    let mut first = users.of(&port.kept);
    first.sort_by_key(|user| creation_order(user.resource));
    let arrives = first.first().map(|user| user.route.host).filter(|_| is_plain_tcp(&port.kept));
    let mut findings = Vec::new();
    for server in &port.servers {
        let shared = server.object.id == port.kept.object.id && server.index == port.kept.index;
        let all = users.of(server);
        let lost: Vec<ServerUser<'_>> =
            all.into_iter().filter(|user| arrives.is_none_or(|host| user.route.host != host)).collect();
        if lost.is_empty() {
            continue;
        }
        let why = "gives these connections their own port at the gateway";
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!(
                "port {} of the gateway cannot separate connections to {} from others",
                server.spec.port.number,
                hosts(&lost)
            ),
            object: Place::of(&server.object.id)
                .field(format!("{}.port.number", server.field()), server.spec.port.number.to_string()),
            evidence: match first.first().filter(|_| shared) {
                Some(user) => vec![format!("{} has the first tcp route for the port", user.resource.id)],
                None => vec![
                    Place::of(&port.kept.object.id)
                        .field(format!("{}.port.protocol", port.kept.field()), &port.kept.spec.port.protocol)
                        .to_string(),
                    "that server is older: istiod keeps only that one".to_owned(),
                ],
            },
            consequence: match arrives {
                Some(host) => format!("connections to {} arrive at {host}", hosts(&lost)),
                None => format!("connections to {} end at the gateway", hosts(&lost)),
            },
            fix: if shared {
                fixes::split_off(view, gateway, merged, server, &lost, why)
            } else {
                fixes::move_away(view, gateway, merged, server, &lost, why)
            },
        });
    }
    findings
}

fn hosts(users: &[ServerUser<'_>]) -> String {
    let hosts: BTreeSet<&str> = users.iter().map(|user| user.route.host).collect();
    list(&hosts.into_iter().collect::<Vec<_>>())
}

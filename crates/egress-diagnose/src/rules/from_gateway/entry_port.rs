//! EG053: the gateway's ServiceEntry declares every routed port.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::upstreams;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(53),
    name: "the gateway's ServiceEntry declares every routed port",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      names the older ServiceEntry that decides which ports the gateway knows.",
    docs: "\
## What it checks
The port of each destination at the gateway, against the ServiceEntry that the gateway uses for the host: its own,
else the oldest that it sees.

## Why it matters
The gateway uses one ServiceEntry for a host. A port that only a younger one declares does not exist there: calls to
it fail with 503 (`NC`). So two namespaces that add the same host with different ports break each other.

## How to fix
Declare the port in the ServiceEntry that is used, or give the upstream a host name of its own, as `kubectl egress
add` does.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let mut told = BTreeSet::new();
    let (mut looked_at, mut findings) = (0, Vec::new());
    for route in upstreams(view, path, gateway) {
        let entries = view.entries_at_gateway(&gateway.name.namespace, route.host);
        let (Some(port), Some((used, others))) = (route.destination_port, entries.split_first()) else {
            continue;
        };
        looked_at += 1;
        if ports(used).contains(&port) || !told.insert((route.host, port)) {
            continue;
        }
        let numbers: Vec<String> = ports(used).iter().map(u16::to_string).collect();
        let elsewhere = others.iter().find(|entry| ports(entry).contains(&port));
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("the gateway does not know port {port} of {}", route.host),
            object: Place::of(&used.id).field("spec.ports[].number", numbers.join(", ")),
            evidence: vec![match elsewhere {
                Some(other) => format!("{} has the port, but is younger: the gateway ignores it", other.id),
                None => format!("{} sends there", route.resource.id),
            }],
            consequence: format!("calls to {} on port {port} get 503 from the gateway", path.host),
            fix: fixes::put_right(view, path, gateway, "gives the gateway a ServiceEntry of its own"),
        });
    }
    CheckOutcome::of(looked_at, findings)
}

fn ports(entry: &Resource) -> Vec<u16> {
    let ports = entry.service_entry().and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    ports.filter_map(|port| u16::try_from(port.number).ok()).collect()
}

//! EG004: the Gateway has a server for the host.

use egress_core::input::Input;
use egress_core::istio::server::{Server, servers};
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, complete_protocols, end_at_gateway, missing_routes,
};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(4),
    name: "the Gateway has a server for the host",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      names the server that could accept the host.",
    docs: "\
## What it checks
`servers[].hosts` of the Gateway object that the routes name. A host as `NAMESPACE/HOST` is only for VirtualServices of that
namespace, and `./HOST` for those beside the Gateway object.

## Why it matters
istiod ignores routes of a host without a server: calls end at the gateway with 404 or a reset.

## How to fix
Add the host to the server of its protocol.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::NotServed { route, object } } = missing else {
            return None;
        };
        Some(finding(&path.host, protocol, (route, object), servers(object, gateway)))
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

fn finding<'a>(
    host: &str,
    protocol: Protocol,
    (route, object): (&Resource, &'a Resource),
    servers: impl Iterator<Item = Server<'a>>,
) -> Finding {
    let servers: Vec<Server<'a>> = servers.collect();
    let speaks = |server: &Server<'_>| {
        let name = server.spec.port.protocol.as_str();
        match protocol {
            Protocol::Http => name.starts_with("HTTP") || name.starts_with("GRPC"),
            Protocol::Tls => name == "TLS" || name == "HTTPS",
        }
    };
    let namespace = route.id.namespace.as_str();
    let serving = servers.iter().find(|server| speaks(server) && server.covers(host));
    let serving = serving.or_else(|| servers.iter().find(|server| server.covers(host)));
    let found = |message: String, place: Place, (index, value): (usize, String)| {
        let operation =
            json!({ "op": "add", "path": format!("/spec/servers/{index}/hosts/-"), "value": value });
        Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message,
            object: place,
            evidence: Vec::new(),
            consequence: end_at_gateway(protocol, host),
            fix: fixes::patch(&object.id, &operation, "lets the server accept the host"),
        }
    };
    let place = Place::of(&object.id);
    if let Some(server) = serving {
        let of = server.spec.hosts.join(", ");
        let finding = found(
            format!(
                "the Gateway object does not accept {host} from VirtualServices of namespace {namespace}"
            ),
            place.field(format!("{}.hosts", server.field()), of),
            (server.index, format!("{namespace}/{host}")),
        );
        let evidence = vec![format!("virtualservice {namespace}/{} has the route", route.id.name)];
        return Finding { evidence, ..finding };
    }
    let hosts: Vec<&str> = servers.iter().flat_map(|server| &server.spec.hosts).map(String::as_str).collect();
    found(
        format!("no server of the Gateway object accepts {host}"),
        place.field("spec.servers[].hosts", hosts.join(", ")),
        (servers.iter().position(speaks).unwrap_or_default(), host.to_owned()),
    )
}

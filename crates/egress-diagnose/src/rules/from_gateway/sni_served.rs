//! EG050: the SNI that callers send matches a gateway server.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::client_tls::Mode;
use crate::istio::listeners::Expects;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::traffic::routes::missing_routes;
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(50),
    name: "the SNI that callers send matches a gateway server",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::DestinationRules, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      names the SNI that callers send and the one that the server has.",
    docs: "\
## What it checks
If callers send mesh mTLS to the gateway: the `sni` of their DestinationRule, against the hosts of the servers on that
port. The default SNI is `outbound_.<port>_.<subset>_.<Service>`.

## Why it matters
The gateway chooses the server by SNI. If no server matches, the connection is reset, HTTP calls fail with 503, and
only the statistic `no_filter_chain_match` shows it. Only the host `*` matches the default SNI (`BuildDNSSrvSubsetKey`
in `pilot/pkg/model/service.go`, istio/istio#51471, istio/istio#7415).

## How to fix
Set `sni` to a host of the server, in a subset for this host only. Or give the server the host `*`.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let lacking: BTreeSet<Protocol> =
        missing_routes(view, path, gateway).iter().map(|missing| missing.protocol).collect();
    let mut told = BTreeSet::new();
    let (mut served, mut findings) = (0, Vec::new());
    for call in gateway_connections(view, path, gateway) {
        let secured = call.tls.as_ref().is_some_and(|tls| tls.mode == Mode::IstioMutual);
        // Other checks report a missing server and a wrong TLS mode.
        let stands_back = lacking.contains(&call.route.protocol) || call.mismatch().is_some();
        if !secured || stands_back {
            continue;
        }
        if call.server.is_some() {
            served += 1;
            continue;
        }
        let new = told.insert((call.caller.clone(), call.route.subset, call.port));
        findings.extend(new.then(|| finding(view, path, gateway, &call)).flatten());
    }
    CheckOutcome::of(served, findings)
}

fn finding<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    call: &GatewayConnection<'a>,
) -> Option<Finding> {
    let (tls, sent) = (call.tls.as_ref()?, call.sni.as_ref()?);
    let listener = call.listeners.at(call.listens_on)?;
    let server = listener.servers.get(&Expects::MeshMtls)?;
    let server = call.meant(view, gateway, &path.host).unwrap_or(*server);
    let hosts: Vec<&str> = server.hosts().collect();
    let place = Place::of(&tls.rule.id);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "callers of {} send an SNI that no server of gateway {} has",
            call.caller, gateway.name
        ),
        object: match tls.sni {
            Some(sni) => place.field(format!("{}.sni", tls.field), sni),
            None => place.field(format!("{}.sni", tls.field), "empty"),
        },
        evidence: vec![
            format!("the SNI is {sent}"),
            Place::of(&server.object.id).field(format!("{}.hosts", server.field()), list(&hosts)).to_string(),
        ],
        consequence: match call.route.protocol {
            Protocol::Http => format!("HTTP calls from {} to {} fail with 503", call.caller, path.host),
            Protocol::Tls => format!("TLS calls from {} to {} are reset", call.caller, path.host),
        },
        fix: fixes::speak_mesh_mtls(
            view,
            gateway,
            (call, &server),
            &path.host,
            "sends the server's host as SNI",
        ),
    })
}

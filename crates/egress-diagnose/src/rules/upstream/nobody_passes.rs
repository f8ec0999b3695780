//! EG078: no caller sidecar that was read has a direct connection to the host.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::port::{Port, Protocol};
use egress_core::proxy::PASSTHROUGH;
use egress_core::snapshot::GatewayFacts;

use crate::facts::PodName;
use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::EnvoyResults;
use crate::traffic::routes::upstreams;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(78),
    name: "no caller sidecar that was read has a direct connection to the host",
    level: Level::Warning,
    segment: PathSegment::Upstream,
    inputs: &[Input::VirtualServices,
        Input::DestinationRules, Input::GatewayObjects, Input::GatewayProxies, Input::ClientProxies],
    beside_the_walk: "It reads the callers' Envoys: connections that were really made.",
    docs: "\
## What it checks
The addresses of direct connections in the callers' Envoys (cluster `PassthroughCluster`), against the host's
addresses at the gateway. Envoy drops an address some seconds after its last connection closes, and keeps an HTTP
connection open for five minutes after its last request. So the finding can stay that long after the cause is fixed.

## Why it matters
The call left from the caller's node and bypassed the gateway: on an undeclared port, by IP address, or without SNI.
Another host may share the address, so this cause is likely but not certain.

## How to fix
Declare the port with `kubectl egress add` (one TLS port per host). Set `outboundTrafficPolicy.mode` to
`REGISTRY_ONLY`, so that sidecars refuse undeclared destinations. Block direct egress with a NetworkPolicy.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let clusters: BTreeSet<String> =
        upstreams(view, path, gateway).iter().filter_map(Route::cluster).collect();
    let mut seen = EnvoyResults::default();
    let mut addresses: BTreeSet<&str> = BTreeSet::new();
    for (_, envoy) in view.gateway_proxies(gateway) {
        match envoy {
            Err(why) => seen.unreadable(why),
            Ok(envoy) => {
                let of_host = clusters.iter().filter_map(|name| envoy.clusters.get(name));
                addresses.extend(of_host.flat_map(|cluster| &cluster.addresses).map(|address| name(address)));
            }
        }
    }
    if addresses.is_empty() {
        seen.awaits(Awaited::Address { host: path.host.clone() });
    }
    for caller in &path.callers {
        match view.client_proxy(caller) {
            None => seen.awaits(Awaited::Client { namespace: caller.clone() }),
            Some((_, Err(why))) => seen.unreadable(why),
            Some((pod, Ok(envoy))) if !addresses.is_empty() => {
                let direct =
                    envoy.clusters.get(PASSTHROUGH).into_iter().flat_map(|cluster| &cluster.addresses);
                let direct: Vec<&String> =
                    direct.filter(|address| addresses.contains(name(address))).collect();
                seen.looked((!direct.is_empty()).then(|| finding(view, path, caller, &pod, &direct)));
            }
            Some(_) => {}
        }
    }
    seen.outcome()
}

/// An address without its port.
fn name(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(name, _)| name)
}

fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    caller: &str,
    pod: &PodName,
    direct: &[&String],
) -> Finding {
    let (namespace, map) = view.index().snapshot().mesh.config_map();
    let edit = ShellCommand::new(["kubectl", "edit"]).object("configmap", map).in_namespace(namespace);
    let ports: Vec<u16> =
        direct.iter().filter_map(|address| address.rsplit_once(':')?.1.parse().ok()).collect();
    let is_declared = |port: &u16| path.ports.iter().any(|known| known.number == *port);
    // Of several ports, the fix starts with one that `add` can route through the gateway.
    let undeclared = ports.iter().copied().find(|port| !is_declared(port));
    let port = undeclared.or(ports.first().copied()).unwrap_or(443);
    let declared = is_declared(&port);
    // `add` refuses a second TLS port: a gateway distinguishes TLS connections by host name only.
    let carries_tls = path.ports.iter().any(|known| known.protocol == Protocol::Tls);
    let target = Word::host(&path.host).and(":").and(Word::number(port)).and("/TLS");
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("a pod of {caller} calls an address of {} and bypasses the gateway", path.host),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: direct
            .iter()
            .map(|address| {
                format!("Envoy of pod {}: `{PASSTHROUGH}` has a connection to {address}", pod.name)
            })
            .collect(),
        consequence: format!("calls from {caller} to {} leave directly from the caller's node", path.host),
        fix: if declared {
            fixes::fix(
                edit,
                "set outboundTrafficPolicy.mode to REGISTRY_ONLY; make the application call the host by name",
            )
        } else if carries_tls {
            fixes::fix(
                edit,
                &format!(
                    "set outboundTrafficPolicy.mode to REGISTRY_ONLY, so that sidecars refuse port {port}; a host has one TLS port at the gateway, so `kubectl egress add` accepts {port} only as HTTP"
                ),
            )
        } else {
            let why = "routes that port through the gateway too; write /HTTP if it is not TLS";
            let by_hand = path.gateway.filter(|_| path.egress.is_some() && path.record().is_none());
            match by_hand {
                // `add` refuses to stand beside objects of another hand.
                Some(gateway) => {
                    let mut wider = path.clone();
                    wider.ports.insert(Port { number: port, protocol: Protocol::Tls });
                    fixes::put_right(view, &wider, gateway, why)
                }
                None => fixes::fix(
                    ShellCommand::new(["kubectl", "egress", "add"])
                        .word(target)
                        .in_namespace(path.namespace.as_deref().unwrap_or(caller)),
                    why,
                ),
            }
        },
    }
}

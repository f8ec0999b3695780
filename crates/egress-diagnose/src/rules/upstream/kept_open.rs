//! EG068: the host does not close active connections.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream_attempts::{UpstreamAttempt, upstream_attempts};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(68),
    name: "the host does not close active connections",
    level: Level::Warning,
    segment: PathSegment::Upstream,
    inputs: &[
        Input::VirtualServices,
        Input::GatewayObjects,
        Input::GatewayProxies,
        Input::DestinationRules,
    ],
    beside_the_walk: "It reads the counters of the gateway's Envoys: when the host closes connections is in no object.",
    docs: "\
## What it checks
If the gateway sends HTTP to the host: Envoy's statistic `upstream_cx_destroy_remote_with_active_rq`. Envoy keeps it
only if `proxyStatsMatcher` includes it. With TLS passthrough a connection is active until it closes, so the statistic
says nothing there.

## Why it matters
Envoy keeps connections open for later requests. If the host closes them first, some requests use a connection that is
just closing, and get 503 (`UC`, `upstream_reset_before_response_started`). See istio/istio#56393.

## How to fix
Let Envoy close connections first: set `connectionPool.http.idleTimeout` in a DestinationRule below the host's idle
timeout.
",
    run: Run::PathThroughGateway(run),
};

/// Fewer may be restarts of the host.
const NOTABLE: u64 = 3;

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    if !path.ports.iter().any(|port| port.protocol == Protocol::Http) {
        return CheckOutcome::NotApplicable;
    }
    let (attempts, mut seen) = upstream_attempts(view, path, gateway);
    for attempt in attempts.iter().filter(|attempt| attempt.only_http) {
        match attempt.cluster.counters.closed_in_use {
            None => seen.awaits(Awaited::Counter { pod: attempt.pod.name.clone() }),
            Some(closed) => {
                let often = closed >= NOTABLE && closed.saturating_mul(100) >= attempt.cluster.connections;
                seen.looked(often.then(|| finding(view, path, gateway, attempt, closed)));
            }
        }
    }
    seen.outcome()
}

fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    attempt: &UpstreamAttempt<'_>,
    closed: u64,
) -> Finding {
    let (host, pod) = (&path.host, &attempt.pod);
    let upstream = attempt.name.rsplit('|').next().unwrap_or(host);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("{host} closes active connections of the gateway"),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![format!(
            "Envoy of pod {}: {closed} of {} connections to cluster `{}` were closed by the host during a request",
            pod.name, attempt.cluster.connections, attempt.name
        )],
        consequence: format!("some requests to {host} get 503, usually after an idle period"),
        fix: give_up_earlier(view, upstream, &gateway.name.namespace),
    }
}

/// A DestinationRule with which Envoy closes idle connections: the one of the upstream's host, or one that only the
/// gateway sees.
fn give_up_earlier(view: &View<'_>, upstream: &str, namespace: &str) -> Fix {
    let policy = json!({ "connectionPool": { "http": { "idleTimeout": "30s" } } });
    let why = "closes idle connections after 30 s; use a lower value if the host closes them earlier";
    let is_of_host = |rule: &&Resource| {
        rule.destination_rule().is_some_and(|spec| view.full_host(&spec.host, &rule.id.namespace) == upstream)
    };
    if let Some(rule) = view.destination_rules().find(is_of_host) {
        return fixes::merge(&rule.id, &json!({ "trafficPolicy": policy }), why);
    }
    fixes::apply(
        &json!({
            "apiVersion": format!("{}/v1", Kind::GROUP),
            "kind": "DestinationRule",
            "metadata": { "name": format!("{}-idle", upstream.replace(['.', '*'], "-")), "namespace": namespace },
            "spec": { "host": upstream, "exportTo": ["."], "trafficPolicy": policy },
        }),
        why,
    )
}

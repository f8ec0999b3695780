//! EG028: the gateway's Envoys have a route for the host.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::input::Input;
use egress_core::proof::{self, Expectation, Side, UnmetCondition};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::{EnvoyResults, conditions};
use crate::traffic::routes::{from_gateway, upstreams};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(28),
    name: "the gateway's Envoys have a route for the host",
    level: Level::Error,
    segment: PathSegment::GatewayProxies,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    beside_the_walk: "It reads the gateway's Envoys, not objects: what istiod has really sent.",
    docs: "\
## What it checks
Every ready gateway pod: its Envoy has the host's routes, or filter chains by SNI, and their clusters.

## Why it matters
If objects conflict, istiod drops a listener, a filter chain or a route, and says so only in its own log. A gateway
pod that missed an update answers 404 or resets, but only for the calls that reach this pod.

## How to fix
See `istioctl proxy-status` and istiod's log for dropped or rejected configuration.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let Ok(host) = DnsName::parse(&path.host) else { return CheckOutcome::NotApplicable };
    let routes = from_gateway(view, path, gateway);
    let expectation =
        Expectation { side: Side::Gateway, host, conditions: conditions(path, &routes, Side::Gateway) };
    let clusters: BTreeSet<String> =
        upstreams(view, path, gateway).iter().filter_map(Route::cluster).collect();
    if expectation.conditions.is_empty() && clusters.is_empty() {
        return CheckOutcome::NoEvidence(Awaited::RouteAtGateway { host: path.host.clone() });
    }
    let lacks = |envoy: &ProxyView| match proof::check(envoy, &expectation) {
        Err(UnmetCondition(lack)) => Some(lack),
        Ok(()) => clusters
            .iter()
            .find(|name| !envoy.clusters.contains_key(*name))
            .map(|name| format!("no cluster `{name}`")),
    };
    let mut seen = EnvoyResults::default();
    let proxies = view.gateway_proxies(gateway);
    if proxies.is_empty() {
        seen.unreadable(
            view.unreadable(Input::Pods).unwrap_or_else(|| "the gateway has no pod to read".to_owned()),
        );
    }
    for (pod, envoy) in proxies {
        match envoy {
            Err(why) => seen.unreadable(why),
            // Anything missing for this host is a consequence of that.
            Ok(envoy) if !envoy.rejected.is_empty() => {
                seen.awaits(Awaited::Configuration { pod: pod.name });
            }
            Ok(envoy) => seen.looked(lacks(envoy).map(|lack| Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: format!("the gateway's Envoys have no route for {}", path.host),
                object: Place::new("Pod", Some(&pod.namespace), &pod.name),
                evidence: vec![format!("Envoy of pod {}: {lack}", pod.name)],
                consequence: format!(
                    "calls to {} that reach such a pod get 404 or 503, or a reset",
                    path.host
                ),
                fix: fixes::of_proxy(path, &pod),
            })),
        }
    }
    seen.outcome()
}

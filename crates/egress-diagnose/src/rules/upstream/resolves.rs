//! EG029: the gateway resolves the host name.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::Route;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::EnvoyResults;
use crate::traffic::routes::upstreams;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(29),
    name: "the gateway resolves the host name",
    level: Level::Error,
    segment: PathSegment::Upstream,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    beside_the_walk: "It reads the gateway's Envoys: whether their name resolution answers is in no object.",
    docs: "\
## What it checks
The cluster of the host in each gateway pod's Envoy has an address. Envoy asks the pod's DNS server.

## Why it matters
Without an address every call fails with 503 (`UH`). Names of a private zone often resolve on some nodes only.

## How to fix
If the name is wrong, remove the egress. Otherwise make the cluster's DNS resolve it.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let clusters: BTreeSet<String> =
        upstreams(view, path, gateway).iter().filter_map(Route::cluster).collect();
    let mut seen = EnvoyResults::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        let envoy = match envoy {
            Err(why) => {
                seen.unreadable(why);
                continue;
            }
            Ok(envoy) => envoy,
        };
        let known: Vec<_> =
            clusters.iter().filter_map(|name| Some((name, envoy.clusters.get(name)?))).collect();
        if known.is_empty() {
            seen.awaits(Awaited::Cluster { pod: pod.name, host: path.host.clone() });
            continue;
        }
        let empty = known.into_iter().find_map(|(name, cluster)| (cluster.endpoints == 0).then_some(name));
        seen.looked(empty.map(|cluster| Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("{} does not resolve from the gateway", path.host),
            object: Place::new("Pod", Some(&pod.namespace), &pod.name),
            evidence: vec![format!("Envoy of pod {}: cluster `{cluster}` has no address", pod.name)],
            consequence: format!(
                "calls to {} that reach such a pod fail: HTTP gets 503, TLS is reset",
                path.host
            ),
            fix: fixes::remove(path, "if the name is wrong; otherwise make the cluster's DNS resolve it"),
        }));
    }
    seen.outcome()
}

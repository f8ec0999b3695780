//! EG028: the gateway's Envoys send the host out.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::proof::{self, Expectation, Lack, Side};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::legs::{from_gateway, upstreams};
use crate::proxies::{Seen, demands};
use crate::routes::Route;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(28),
    name: "the gateway's Envoys have the route of the host",
    level: Level::Error,
    hop: Hop::GatewayProxies,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    docs: "\
## What it checks
Every ready pod of the gateway: its Envoy must have the host's routes, or filter chains by SNI, and the clusters they lead
to.

## Why it matters
istiod drops a listener, a filter chain or a route where objects contradict each other, and says so in its own log only.
A gateway that missed one push answers 404 or resets, for the calls that happen to reach it.

## How to fix
See `istioctl proxy-status` and istiod's log for what was dropped or rejected.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let Ok(host) = DnsName::parse(&way.host) else { return Outcome::NotApplicable };
    let routes = from_gateway(view, way, gateway);
    let expectation =
        Expectation { side: Side::Gateway, host, demands: demands(way, &routes, Side::Gateway) };
    let clusters: BTreeSet<String> =
        upstreams(view, way, gateway).iter().filter_map(Route::cluster).collect();
    let lacks = |envoy: &ProxyView| match proof::check(envoy, &expectation) {
        Err(Lack(lack)) => Some(lack),
        Ok(()) => clusters
            .iter()
            .find(|name| !envoy.clusters.contains_key(*name))
            .map(|name| format!("no cluster `{name}`")),
    };
    let mut seen = Seen::default();
    let proxies = view.gateway_proxies(gateway);
    if proxies.is_empty() {
        seen.unreadable(
            view.unreadable("pods").unwrap_or_else(|| "the gateway has no pod to look at".to_owned()),
        );
    }
    for (pod, envoy) in proxies {
        match envoy {
            Err(why) => seen.unreadable(why),
            // Whatever this host lacks there follows from that.
            Ok(envoy) if !envoy.rejected.is_empty() => {
                seen.nobody(format!("Envoy of pod {} refuses what istiod sends", pod.name));
            }
            Ok(envoy) => seen.looked(lacks(envoy).map(|lack| Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: format!("the gateway has no way to {}", way.host),
                object: Place::new("Pod", Some(&pod.namespace), &pod.name),
                evidence: vec![format!("Envoy of pod {}: {lack}", pod.name)],
                consequence: format!(
                    "calls to {} that reach such a pod get 404 or 503, or are reset",
                    way.host
                ),
                fix: fixes::of_proxy(way, &pod),
            })),
        }
    }
    seen.outcome()
}

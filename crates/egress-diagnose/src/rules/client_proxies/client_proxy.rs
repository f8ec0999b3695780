//! EG027: the callers' Envoys route the host to the gateway.

use egress_core::host::DnsName;
use egress_core::input::Input;
use egress_core::proof::{self, Expectation, ProxyCondition, Side, UnmetCondition};

use crate::facts::PodName;
use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::rules::whole_path::leaves_through_gateway;
use crate::traffic::envoys::{EnvoyResults, conditions};
use crate::traffic::routes::to_gateway;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(27),
    name: "the callers' Envoys route the host to the gateway",
    level: Level::Error,
    segment: PathSegment::ClientProxies,
    inputs: &followed_and::<2, 12>([Input::Gateways, Input::ClientProxies]),
    beside_the_walk: "It reads the callers' Envoys, not objects: what istiod has really sent.",
    docs: "\
## What it checks
One ready pod with a sidecar in each caller namespace: its Envoy has the host's routes, they lead only to the
gateway's Service, and the cluster has endpoints. Where the objects themselves lead the calls elsewhere, EG100 says so instead.

## Why it matters
If the objects are right and Envoy has something else, the configuration did not arrive. istiod may be down or
unreachable, or Envoy rejected the update and keeps the old state.

## How to fix
`istioctl proxy-status` shows what istiod sent and what Envoy accepted; the sidecar's log says what it rejected.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let (Some(gateway), Ok(host)) = (path.gateway, DnsName::parse(&path.host)) else {
        return CheckOutcome::NotApplicable;
    };
    let routes = to_gateway(view, path, gateway);
    let conditions = conditions(path, &routes, Side::Clients);
    let clusters = routes.iter().filter_map(crate::istio::routes::Route::cluster);
    let reaches = clusters.map(|cluster| ProxyCondition::HasEndpoints { cluster });
    let expectation = Expectation {
        side: Side::Clients,
        host,
        conditions: conditions.into_iter().chain(reaches).collect(),
    };
    if expectation.conditions.is_empty() {
        return CheckOutcome::NoEvidence(Awaited::RouteToGateway { host: path.host.clone() });
    }
    let mut seen = EnvoyResults::default();
    for caller in &path.callers {
        match view.client_proxy(caller) {
            None => seen.awaits(Awaited::Client { namespace: caller.clone() }),
            Some((_, Err(why))) => seen.unreadable(why),
            Some((pod, Ok(envoy))) => {
                let lack = proof::check(envoy, &expectation).err();
                seen.looked(lack.map(|UnmetCondition(lack)| finding(path, caller, &pod, &lack)));
            }
        }
    }
    let outcome = seen.outcome();
    // Then the Envoy has what it should have, and EG100 names the object that decides.
    let is_of_objects = || leaves_through_gateway::leads_elsewhere(view, path);
    if matches!(outcome, CheckOutcome::Bad(_)) && is_of_objects() {
        CheckOutcome::NotApplicable
    } else {
        outcome
    }
}

fn finding(path: &EgressPath<'_>, caller: &str, pod: &PodName, lack: &str) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the sidecars of {caller} do not route {} to the gateway", path.host),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![format!("Envoy of pod {}: {lack}", pod.name)],
        consequence: format!(
            "calls from {caller} to {} do not reach the gateway: they are refused, or leave directly if the \
             Envoy knows the host",
            path.host
        ),
        fix: fixes::of_proxy(path, pod),
    }
}

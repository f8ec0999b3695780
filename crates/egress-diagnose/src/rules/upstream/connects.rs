//! EG031: the gateway's connections to the host succeed.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream_attempts::{UpstreamAttempt, upstream_attempts};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(31),
    name: "the gateway's connections to the host succeed",
    level: Level::Error,
    segment: PathSegment::Upstream,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    beside_the_walk: "It reads the counters of the gateway's Envoys: whether the host accepts connections is in no object.",
    docs: "\
## What it checks
Envoy's own statistics of the host's cluster in each gateway pod: how many connections it tried, and how many failed.

## Why it matters
A firewall, a NetworkPolicy or a missing network route on the gateway's node shows here: calls fail with 503 (`UF`)
after the connect timeout. The statistics start with the pod; before the first call they show nothing.

## How to fix
Try the connection from the gateway's pod, and open the network path from its node.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let (attempts, mut seen) = upstream_attempts(view, path, gateway);
    for attempt in &attempts {
        // Other checks report a node without external connectivity (EG023) and a failed handshake (EG080).
        let other = attempt.fails_in_handshake() || attempt.fails_alone(&attempts);
        seen.looked((attempt.fails() && !other).then(|| finding(path, attempt)));
    }
    seen.outcome()
}

fn finding(path: &EgressPath<'_>, attempt: &UpstreamAttempt<'_>) -> Finding {
    let all = attempt.always_fails();
    let (host, pod) = (&path.host, &attempt.pod);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if all { Level::Error } else { Level::Warning },
        message: format!("{} connections from the gateway to {host} fail", if all { "all" } else { "some" }),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![attempt.told()],
        consequence: format!(
            "calls to {host} that reach such a pod {}: HTTP gets 503, TLS is reset",
            if all { "fail" } else { "fail sometimes" }
        ),
        fix: fixes::try_connection(
            pod,
            host,
            attempt.port,
            "shows the failure; then open the network path from the pod's node",
        ),
    }
}

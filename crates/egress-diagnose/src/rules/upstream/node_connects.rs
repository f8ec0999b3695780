//! EG023: the gateway reaches the host from each of its nodes.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream_attempts::{UpstreamAttempt, upstream_attempts};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(23),
    name: "the gateway reaches the host from each of its nodes",
    level: Level::Error,
    segment: PathSegment::Upstream,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    beside_the_walk: "It reads the counters of the gateway's Envoys: what connections to the host really came to.",
    docs: "\
## What it checks
Envoy's own statistics of the host's cluster, pod by pod: do all connections of the pods on one node fail, while pods
on other nodes reach the host?

## Why it matters
All calls that reach the pods on one node fail. That node has no network route to the internet, is behind another
firewall, or has a source address that the host does not accept. From outside it looks like a host that fails now and
then.

## How to fix
Try the connection from the pod on that node. Give the node the same network path as the others, or move the gateway
off it.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let (attempts, mut seen) = upstream_attempts(view, path, gateway);
    for attempt in &attempts {
        seen.looked(attempt.fails_alone(&attempts).then(|| finding(path, attempt, &attempts)));
    }
    seen.outcome()
}

fn finding(path: &EgressPath<'_>, attempt: &UpstreamAttempt<'_>, all: &[UpstreamAttempt<'_>]) -> Finding {
    let (host, pod, node) = (&path.host, &attempt.pod, &attempt.node);
    let others =
        all.iter().filter(|other| other.name == attempt.name && other.node != *node && !other.fails());
    let reach = others.map(|other| format!("pod {} on node {} reaches it", other.pod.name, other.node));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("the gateway does not reach {host} from node {node}, but does from other nodes"),
        object: Place::new("Node", None, node),
        evidence: [attempt.told()].into_iter().chain(reach).collect(),
        consequence: format!("calls to {host} that reach a pod on node {node} get 503, the others work"),
        fix: fixes::try_connection(
            pod,
            host,
            attempt.port,
            "shows the failure; then give the node the same network path as the others",
        ),
    }
}

//! EG080: the gateway's TLS handshakes with the host succeed.

use egress_core::command::Word;
use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream_attempts::{UpstreamAttempt, upstream_attempts};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(80),
    name: "the gateway's TLS handshakes with the host succeed",
    level: Level::Error,
    segment: PathSegment::Upstream,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    beside_the_walk: "It reads the counters of the gateway's Envoys: whether a handshake succeeds is in no object.",
    docs: "\
## What it checks
If the gateway originates TLS: Envoy's own statistics of the host's cluster, `ssl.fail_verify_error`,
`ssl.fail_verify_san` and `ssl.connection_error`. Envoy keeps them only if `proxyStatsMatcher` includes them.

## Why it matters
The TCP connection succeeds and TLS fails on it. The gateway does not trust the CA of the host's certificate, or the
certificate has another name, or the host wants another SNI or a client certificate. Calls get 503 (`UF,URX`,
`TLS_error`).

## How to fix
See which certificate the host presents. Then set `caCertificates` or `credentialName`, `subjectAltNames` and `sni` in
the gateway's DestinationRule.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let (attempts, mut seen) = upstream_attempts(view, path, gateway);
    for attempt in &attempts {
        seen.looked(attempt.fails_in_handshake().then(|| finding(path, attempt)));
    }
    seen.outcome()
}

fn finding(path: &EgressPath<'_>, attempt: &UpstreamAttempt<'_>) -> Finding {
    let (host, pod, counters) = (&path.host, &attempt.pod, attempt.cluster.counters);
    let refused = counters.certificates_refused.unwrap_or_default();
    let other = counters.handshakes_failed.unwrap_or_default();
    let message = if refused >= other {
        format!("the gateway rejects the certificate of {host}")
    } else {
        format!("TLS between the gateway and {host} fails")
    };
    let target = Word::from("https://").and(Word::host(host)).and(":").and(Word::number(attempt.port));
    let command = fixes::curl_at_gateway(pod, target);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![
            attempt.told(),
            format!(
                "of these, {refused} because of the certificate, {other} for another reason in the handshake"
            ),
        ],
        consequence: format!("calls to {host} with TLS origination get 503"),
        fix: fixes::fix(
            command,
            "shows the host's certificate; then correct sni, subjectAltNames or the CA in the DestinationRule",
        ),
    }
}

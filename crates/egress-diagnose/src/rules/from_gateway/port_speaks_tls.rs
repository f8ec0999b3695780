//! EG065: the gateway does not originate TLS to port 80.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(65),
    name: "the gateway does not originate TLS to port 80",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "A followed call ends at the host. What port 80 answers to TLS is not simulated.",
    docs: "\
## What it checks
If the gateway originates TLS: the host's port that it connects to is not port 80.

## Why it matters
A DestinationRule without `portLevelSettings` applies to every port of the host, and port 80 expects plaintext. It
answers a TLS handshake with plain HTTP: 503 (`UF`, `WRONG_VERSION_NUMBER`, istio/istio#37348, istio/istio#31513).

## How to fix
Set `targetPort: 443` on the port, or originate TLS on the other port only.
",
    run: Run::PathThroughGateway(run),
};

/// The well-known port for plain HTTP.
const PLAINTEXT: i64 = 80;

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let originating = found.iter().filter(|upstream| upstream.originates_tls()).count();
    CheckOutcome::of(originating, found.iter().filter_map(|upstream| finding(path, upstream)).collect())
}

fn finding(path: &EgressPath<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
    let tls = upstream.tls.as_ref().filter(|tls| tls.originates())?;
    let speaks_tls = matches!(upstream.protocol().as_str(), "HTTPS" | "TLS");
    if speaks_tls || upstream.route.protocol != Protocol::Http || upstream.dialled() != PLAINTEXT {
        return None;
    }
    let target = format!("spec.ports[{}].targetPort", upstream.place);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("the gateway originates TLS to port 80 of {}", upstream.route.host),
        object: Place::of(&tls.rule.id).field(format!("{}.mode", tls.field), tls.mode_word()),
        evidence: vec![format!(
            "{} declares port {} as {}, without another targetPort",
            upstream.entry.id,
            upstream.port.number,
            upstream.protocol()
        )],
        consequence: format!("HTTP calls to {} get 503 from the gateway", path.host),
        fix: fixes::set(&upstream.entry.id, &target, &json!(443), "connects to the host's TLS port"),
    })
}

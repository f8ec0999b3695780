//! EG065: the gateway opens TLS only to ports that speak it.

use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::upstream::{Upstream, upstream};
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(65),
    name: "the gateway opens TLS only to ports that speak it",
    level: Level::Error,
    hop: Hop::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    docs: "\
## What it checks
Where the gateway opens TLS, the port of the host that is dialled: it is not port 80.

## Why it matters
A DestinationRule without `portLevelSettings` is for every port of the host, and port 80 of a host speaks plaintext. It
answers a TLS greeting with plain HTTP: 503 (`UF`, `WRONG_VERSION_NUMBER`, istio/istio#37348, istio/istio#31513).

## How to fix
Let the port dial the one that speaks TLS (`targetPort: 443`), or open TLS on the other port only.
",
    run: Run::Through(run),
};

/// The port on which the world speaks plain HTTP.
const PLAINTEXT: i64 = 80;

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let found = upstream(view, way, gateway);
    Outcome::of(found.iter().filter_map(|upstream| finding(way, upstream)).collect())
}

fn finding(way: &Way<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
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
        message: format!("the gateway opens TLS to port 80 of {}", upstream.route.host),
        object: Place::of(&tls.rule.id).field(format!("{}.mode", tls.field), tls.mode_word()),
        evidence: vec![format!(
            "{} declares port {} as {}, and nothing leads it to another",
            upstream.entry.id,
            upstream.port.number,
            upstream.protocol()
        )],
        consequence: format!("HTTP calls to {} get 503 from the gateway", way.host),
        fix: fixes::set(
            &upstream.entry.id,
            &target,
            &json!(443),
            "dials the port of the host that speaks TLS",
        ),
    })
}

//! EG051: the gateway's ServiceEntry does not have resolution NONE.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use egress_istio::service_entry::ServiceEntryResolution;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::upstreams;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(51),
    name: "the gateway's ServiceEntry does not have resolution NONE",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries],
    beside_the_walk: "A cluster with resolution NONE keeps the address of the call; that this is the gateway's own address \
                      is no end of a followed call.",
    docs: "\
## What it checks
`resolution` of the ServiceEntry that the gateway uses: not `NONE`. A missing field means `NONE`.

## Why it matters
With `NONE` a proxy sends to the address that the client dialled. At a gateway that address is the gateway itself, so
there is no destination: every call fails with 503 (`UH`).

## How to fix
Set `resolution: DNS`.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let used: Vec<_> = upstreams(view, path, gateway)
        .into_iter()
        .filter_map(|route| view.entries_seen_from(&gateway.name.namespace, route.host).first().copied())
        .collect();
    let unresolved: BTreeMap<_, _> = used
        .iter()
        .filter(|entry| {
            let resolution = entry.service_entry().and_then(|spec| spec.resolution.as_ref());
            matches!(resolution, None | Some(ServiceEntryResolution::None))
        })
        .map(|entry| (&entry.id, entry))
        .collect();
    let findings = unresolved.into_values().map(|entry| Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the gateway cannot resolve {}", path.host),
        object: Place::of(&entry.id).field("spec.resolution", "NONE"),
        evidence: Vec::new(),
        consequence: format!("calls to {} get 503 from the gateway", path.host),
        fix: fixes::merge(&entry.id, &json!({ "resolution": "DNS" }), "lets the gateway resolve the host"),
    });
    CheckOutcome::of(used.len(), findings.collect())
}

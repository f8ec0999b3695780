//! EG001: the Gateway object selects the gateway's pods.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{
    MissingRoute, MissingRouteCause, complete_protocols, end_at_gateway, missing_routes,
};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(1),
    name: "the Gateway object selects the gateway's pods",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      shows the labels of the gateway's Service.",
    docs: "\
## What it checks
`selector` of the Gateway object that the routes name, against the labels of the pods behind the gateway's Service.

## Why it matters
A Gateway object that selects none of the gateway's pods opens no listener there: calls are refused or reset. Istio's
charts make the label from the release name, so a copied selector often matches nothing.

## How to fix
Use the pods' labels as the selector.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    // An assumed gateway has the labels that these same objects select.
    if gateway.assumed {
        return CheckOutcome::NotGiven(Input::Gateways);
    }
    let findings = missing_routes(view, path, gateway).into_iter().filter_map(|missing| {
        let MissingRoute { protocol, cause: MissingRouteCause::NotSelected(object) } = missing else {
            return None;
        };
        let selector = object.gateway().and_then(|spec| spec.selector.clone()).unwrap_or_default();
        let operation = json!({ "op": "replace", "path": "/spec/selector", "value": gateway.selector });
        Some(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("the Gateway object selects no pod of gateway {}", gateway.name),
            object: Place::of(&object.id).field("spec.selector", words(&selector)),
            evidence: vec![format!("the Service selects {}", words(&gateway.selector))],
            consequence: end_at_gateway(protocol, &path.host),
            fix: fixes::patch(&object.id, &operation, "selects the pods of the gateway's Service"),
        })
    });
    CheckOutcome::of(complete_protocols(view, path, gateway), findings.collect())
}

fn words(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

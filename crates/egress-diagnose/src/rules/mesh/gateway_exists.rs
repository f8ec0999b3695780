//! EG060: an egress gateway exists.

use egress_core::command::ShellCommand;
use egress_core::input::Input;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(60),
    name: "an egress gateway exists",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::Gateways, Input::GatewayApi],
    beside_the_walk: "Without a gateway there is no call to follow through it.",
    docs: "\
## What it checks
Some Service is an egress gateway: its pods carry the label `istio: egressgateway`, or the user named it. A mesh with
gateways or waypoints of the Gateway API is not checked: calls may leave through those.

## Why it matters
Without a gateway every call to the outside leaves from the caller's node, or fails.

## How to fix
Install one, for example with Istio's Helm chart `gateway`. The chart makes the label that routes need from the
release name.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let gateways = view.gateways();
    if !gateways.is_empty() {
        let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.to_string()).collect();
        return CheckOutcome::Good(Some(list(&names)));
    }
    if let Err(outcome) = view.readable(Input::Gateways) {
        return outcome;
    }
    if let Some(why) = view.unreadable(Input::Services) {
        return CheckOutcome::Unreadable(why);
    }
    let others = view.gateway_api().unwrap_or_default();
    if others.iter().any(|object| object.kind == "Gateway") {
        return CheckOutcome::NotApplicable;
    }
    CheckOutcome::Bad(vec![Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: "no Service is an egress gateway".to_owned(),
        object: Place::new("Service", Some("istio-system"), "istio-egressgateway"),
        evidence: vec!["no Service selects pods with the label istio=egressgateway".to_owned()],
        consequence: "no call can leave through a gateway; calls with a route to a gateway fail with 503"
            .to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["helm", "install", "istio-egressgateway", "gateway", "-n", "istio-system"])
                .words(["--set", "service.type=ClusterIP"])
                .words(["--repo", "https://istio-release.storage.googleapis.com/charts"]),
            "installs Istio's gateway chart",
        ),
    }])
}

//! EG021: the gateway runs on the nodes that policies require.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use egress_policy::pinning::{self, PlacementViolation};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(21),
    name: "the gateway runs on the nodes that policies require",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Policies, Input::Nodes],
    beside_the_walk: "The path is right on any node. This check compares nodes with what policies demand.",
    docs: "\
## What it checks
The node of each ready gateway pod, against the node requirements of the organisation's policies for this host:
labels, number of nodes, spread.

## Why it matters
Traffic leaves from the node of the gateway's pod. From another node it has another source address, outside the
firewall rules and the monitoring of the designated nodes.

## How to fix
Give the gateway's pods a node selector or an affinity for such nodes, and delete the pods on other nodes.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let pinning = match view.pinning(path.namespace.as_deref().unwrap_or_default(), &path.host) {
        Err(why) => return CheckOutcome::Unreadable(why.to_owned()),
        Ok(None) => return CheckOutcome::NotApplicable,
        Ok(Some(pinning)) => pinning,
    };
    if let Some(report) = pinning.reports.iter().find(|report| report.fault.is_some()) {
        return CheckOutcome::Unreadable(format!("policy {} could not decide", report.by));
    }
    if !pinning.demands_anything() {
        return CheckOutcome::NotApplicable;
    }
    let rows = pinning::check(pinning, gateway, view.nodes());
    if let Some(unknown) = rows.iter().find(|row| row.unknown) {
        let why = view.unreadable(Input::Nodes);
        return CheckOutcome::Unreadable(why.unwrap_or_else(|| unknown.missing.clone()));
    }
    CheckOutcome::of(gateway.pods.len(), rows.iter().map(|row| finding(row, path, gateway)).collect())
}

fn finding(row: &PlacementViolation, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Finding {
    let namespace = &gateway.name.namespace;
    let demanded: Vec<String> = row.by.iter().map(ToString::to_string).collect();
    let (message, object) = match (&row.pod, &row.node) {
        (Some(pod), Some(node)) => (
            format!("pod {pod} runs on node {node}; missing: {}", row.missing),
            Place::new("Pod", Some(namespace), pod).field("spec.nodeName", node),
        ),
        _ => (
            format!("gateway {}; missing: {}", gateway.name, row.missing),
            Place::new("Service", Some(namespace), &gateway.name.service),
        ),
    };
    let command = match &row.pod {
        Some(pod) => {
            let delete = ShellCommand::new(["kubectl", "delete"]).object("pod", pod);
            delete.in_namespace(namespace).word("--wait=false")
        }
        None => ShellCommand::new(["kubectl", "get", "pods"]).in_namespace(namespace).words(["-o", "wide"]),
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object,
        evidence: vec![format!("required by {}", list(&demanded))],
        consequence: match &row.node {
            Some(node) => {
                format!("calls to {} leave from {node}, which the policies do not allow", path.host)
            }
            None => format!("calls to {} leave from nodes that the policies do not allow", path.host),
        },
        fix: fixes::fix(
            command,
            "first restrict the Deployment to the designated nodes (node selector or affinity)",
        ),
    }
}

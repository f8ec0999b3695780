//! EG096: NetworkPolicies let callers reach the gateway's pods.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::kubernetes::network_path::{Blocked, RuleSide};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::network_block::{About, BlockedAt, describe, pods};
use crate::traffic::gateway_connections::gateway_connections;
use crate::view::{KeptFrom, View};
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(96),
    name: "NetworkPolicies let callers reach the gateway's pods",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[
        Input::Namespaces,
        Input::Pods,
        Input::VirtualServices,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::NetworkPolicies,
    ],
    beside_the_walk: "A followed call knows no NetworkPolicy.",
    docs: "\
## What it checks
The NetworkPolicies that select the callers' pods (egress) and the gateway's pods (ingress) allow a connection to the
port on which the gateway's pods listen. Policies are a union: one rule that allows is enough, and a pod that no policy
selects is free. A policy without `policyTypes` is for ingress, and for egress if it has egress rules.

Policies of a network plugin's own kinds are not read, and whether the plugin enforces any policy is not known: so the
finding is likely, not certain. Labels of namespaces and names of container ports that nobody gave count as allowed.

## Why it matters
A NetworkPolicy sees pods and their ports, never Services: a rule for port 443 of a Service whose pods listen on 8443
allows nothing. Blocked connections time out: HTTP gets 503 (`UF`), TLS hangs. Istio shows nothing else.

## How to fix
Allow the pods' port, on both sides: egress from the callers, ingress to the gateway.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, path, gateway).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Readable<CheckOutcome> {
    if view.network()?.is_open() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let mut calls: Vec<(String, u16, u16)> = gateway_connections(view, path, gateway)
        .into_iter()
        .filter_map(|call| Some((call.caller, call.port, u16::try_from(call.listens_on).ok()?)))
        .collect();
    calls.sort();
    calls.dedup();
    let (mut looked, mut found) = (0, Vec::new());
    for (caller, port, listens_on) in calls {
        let kept = view.kept_from(&caller, gateway, listens_on)?;
        looked += kept.of;
        found.extend(blocked_before(CHECK.code, (&path.host, gateway), (&caller, port, listens_on), &kept));
    }
    Ok(CheckOutcome::of(looked, found))
}

/// Calls that NetworkPolicies stop before the gateway.
pub(in crate::rules) fn blocked_before(
    code: Code,
    (host, gateway): (&str, &GatewayFacts),
    (caller, port, listens_on): (&str, u16, u16),
    kept: &KeptFrom<'_>,
) -> Option<Finding> {
    let (_, blocked) = kept.workloads.first()?;
    let names: Vec<&str> = kept.workloads.iter().map(|(workload, _)| workload.as_str()).collect();
    let who = if kept.workloads.len() == kept.of {
        format!("the pods of {caller}")
    } else {
        format!("{} of {caller}", list(&names))
    };
    let service = &gateway.name;
    let BlockedAt { object, mut evidence, fix } = describe(
        blocked,
        About::Calls,
        (&other_end(gateway, caller, blocked), &[(listens_on, "TCP")]),
        "allows calls to the gateway",
    );
    if port != listens_on {
        evidence.push(format!(
            "port {port} of service {}/{} is port {listens_on} of its pods, which policies see",
            service.namespace, service.service
        ));
    }
    Some(Finding {
        code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!(
            "NetworkPolicies keep {who} from port {listens_on} of the pods of gateway {}/{}",
            service.namespace, service.service
        ),
        object,
        evidence,
        consequence: format!("calls from {caller} to {host} time out before the gateway"),
        fix,
    })
}

/// The other end of the connection, as a rule names it.
fn other_end(gateway: &GatewayFacts, caller: &str, blocked: &Blocked<'_>) -> serde_json::Value {
    match blocked.side {
        RuleSide::Egress => pods(&gateway.name.namespace, &gateway.selector),
        RuleSide::Ingress => pods(caller, []),
    }
}

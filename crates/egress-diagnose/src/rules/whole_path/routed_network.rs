//! EG106: NetworkPolicies let calls to TCP hosts and wildcards reach the gateway and leave it.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::istio::call::End;

use crate::calls::HostCalls;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::kubernetes::network_path::{Peer, RuleSide};
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::rules::network_block::{About, BlockedAt, describe, outside};
use crate::rules::to_gateway::network_open::blocked_before;
use crate::traffic::routed_call::{RoutedCall, can_be_followed};
use crate::view::{View, ends};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(106),
    name: "NetworkPolicies let calls to TCP hosts and wildcards reach the gateway and leave it",
    level: Level::Error,
    segment: PathSegment::WholePath,
    inputs: &followed_and::<3, 13>([Input::Gateways, Input::NetworkPolicies, Input::Namespaces]),
    beside_the_walk: "A followed call knows no NetworkPolicy.",
    docs: "\
## What it checks
The calls that EG101 follows by rules of VirtualServices: to TCP hosts and wildcards. For each call, the
NetworkPolicies of the callers' pods and of the gateway's pods allow the port on which the gateway's pods listen, and the
policies of the gateway's pods allow the port of the host. Policies of a network plugin's own kinds are not read.

## Why it matters
A NetworkPolicy sees the ports of pods, never those of Services. A database on port 5432 of the gateway's Service, whose
pods listen on 15432, needs a rule for 15432. Without it connections hang until they time out.

## How to fix
Allow the pods' port on both sides, and the host's port for egress from the gateway's pods.
",
    run: Run::Calls(run),
};

fn run(view: &View<'_>, host: &HostCalls<'_>) -> CheckOutcome {
    findings(view, host).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, host: &HostCalls<'_>) -> Readable<CheckOutcome> {
    if host.routed.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    can_be_followed(view)?;
    if view.network()?.is_open() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let (mut looked_at, mut found, mut known) = (0, Vec::new(), BTreeSet::new());
    for (call, _) in &host.routed {
        for (port, end) in call.entries(view) {
            let Ok(listens_on) = u16::try_from(call.gateway.listens_on(i64::from(port))) else { continue };
            looked_at += 1;
            let kept = view.kept_from(call.caller, call.gateway, listens_on)?;
            let to = (call.caller, port, listens_on);
            let before = blocked_before(CHECK.code, (&call.host, call.gateway), to, &kept);
            let behind = leaves(view, call, &end)?;
            // One cause, whoever calls.
            let fresh = |one: &Finding| known.insert((one.message.clone(), one.object.to_string()));
            found.extend(before.or(behind).filter(fresh));
        }
    }
    Ok(CheckOutcome::of(looked_at, found))
}

/// Whether the gateway's pods may leave to the host.
fn leaves(view: &View<'_>, call: &RoutedCall<'_>, end: &End) -> Readable<Option<Finding>> {
    let End::Leaves { to, port } = end else { return Ok(None) };
    let network = view.network()?;
    let addresses: Vec<String> =
        if to.parse::<std::net::IpAddr>().is_ok() { vec![to.clone()] } else { Vec::new() };
    let ports = [(*port, "TCP")];
    let peer = Peer::Outside { addresses: &addresses, may_be_private: true };
    let pods = ends(call.gateway);
    let blocked = pods.iter().find_map(|pod| network.blocked(RuleSide::Egress, *pod, peer, &ports));
    let Some(blocked) = blocked else { return Ok(None) };
    let why =
        "allows the gateway's pods to leave to this port; narrow it to the host's addresses if you know them";
    let BlockedAt { object, evidence, fix } = describe(&blocked, About::Calls, (&outside(), &ports), why);
    let service = &call.gateway.name;
    Ok(Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!(
            "NetworkPolicies keep the pods of gateway {}/{} from port {port} outside the cluster",
            service.namespace, service.service
        ),
        object,
        evidence,
        consequence: format!("calls to {} reach the gateway and time out there", call.host),
        fix,
    }))
}

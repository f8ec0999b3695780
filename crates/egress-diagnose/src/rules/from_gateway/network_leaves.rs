//! EG097: NetworkPolicies let the gateway's pods reach the host.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::network_block::{About, BlockedAt, describe, leaving, outside};
use crate::traffic::upstream::upstream;
use crate::view::{View, ends};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(97),
    name: "NetworkPolicies let the gateway's pods reach the host",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Namespaces,
        Input::ServiceEntries,
        Input::VirtualServices,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::NetworkPolicies,
    ],
    beside_the_walk: "A followed call knows no NetworkPolicy.",
    docs: "\
## What it checks
The NetworkPolicies that select the gateway's pods for egress let them leave to the host's port: the `targetPort` of its
ServiceEntry if there is one. A rule without `to` allows every destination, an `ipBlock` the addresses in it that `except`
does not take out. `namespaceSelector: {}` means every pod of the cluster, and no external host.

A host whose address the objects do not say may be anywhere in the internet. If only private networks are allowed, the
finding is a warning, since the host may be in one of them. Policies of a network plugin's own kinds are not read.

## Why it matters
The way to the gateway is right, and its pods cannot leave: calls get 503 (`UF`) after the connect timeout, or hang. A
default-deny policy for a namespace, or a chart's own policy for gateways, does this to every host at once.

## How to fix
Allow egress from the gateway's pods to the host's port. A NetworkPolicy knows no names: allow the host's addresses, or
every address without the cluster's own.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, path, gateway).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Readable<CheckOutcome> {
    let network = view.network()?;
    if network.is_open() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let pods = ends(gateway);
    let (mut looked, mut found) = (0, Vec::new());
    for upstream in upstream(view, path, gateway) {
        looked += pods.len();
        let blocked = pods.iter().find_map(|pod| leaving(&network, *pod, upstream.spec, upstream.port));
        let Some((blocked, may_be_private, port)) = blocked else { continue };
        let service = &gateway.name;
        let why = "allows the gateway's pods to leave to this port; narrow it to the host's addresses if you know them";
        let BlockedAt { object, mut evidence, fix } =
            describe(&blocked, About::Calls, (&outside(), &[(port, "TCP")]), why);
        if may_be_private {
            evidence.push("its rules allow private networks only, where the host may be".to_owned());
        }
        found.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Inferred,
            level: if may_be_private { Level::Warning } else { CHECK.level },
            message: format!(
                "NetworkPolicies keep the pods of gateway {}/{} from port {port} outside the cluster",
                service.namespace, service.service
            ),
            object,
            evidence,
            consequence: format!("calls to {} reach the gateway and time out there", path.host),
            fix,
        });
    }
    found.dedup_by(|left, right| left.message == right.message && left.object == right.object);
    Ok(CheckOutcome::of(looked, found))
}

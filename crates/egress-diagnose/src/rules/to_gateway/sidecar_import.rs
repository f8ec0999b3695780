//! EG024: no Sidecar hides the host from the callers.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::inventory::Egress;
use egress_core::resource::{ObjectId, Resource};
use egress_core::visibility::sidecar::{imports, outbound_mode};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::{calling_namespaces, list, some_of, without_route};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(24),
    name: "no Sidecar hides the host from the callers",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::Sidecars, Input::Pods, Input::Mesh],
    beside_the_walk: "Calls are followed from callers that get the route. This check looks for callers that do not.",
    docs: "\
## What it checks
The Sidecar that applies to the pods of each caller namespace: its `egress.hosts` imports the host from the namespace
of its objects, on each port.

## Why it matters
A Sidecar with a list of hosts hides all others: the route and the ServiceEntry exist, and the callers' Envoys get
neither.

## How to fix
Add `NAMESPACE/HOST` to the Sidecar's `egress.hosts`.
",
    run: Run::Path(run),
};

/// A Sidecar, and the ports that it hides.
type HiddenPorts<'a> = (&'a ObjectId, Vec<String>);

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(egress) = path.egress else { return CheckOutcome::NotApplicable };
    let mut looked_at = 0;
    // Of each Sidecar the callers from whom it hides ports.
    let mut hiding: BTreeMap<HiddenPorts<'_>, (&Resource, Vec<&str>)> = BTreeMap::new();
    for caller in &path.callers {
        let pods = view.pods(caller);
        let mut labels: Vec<BTreeMap<String, String>> = pods.iter().map(|pod| pod.labels.clone()).collect();
        if labels.is_empty() {
            labels.push(BTreeMap::new());
        }
        // Without a Sidecar the pods import everything.
        looked_at += pods.len();
        for labels in &labels {
            let Some(sidecar) = view.sidecar_for(caller, labels) else { continue };
            looked_at += 1;
            let hidden: Vec<String> = path
                .ports
                .iter()
                .filter(|port| !imports(sidecar, caller, &egress.namespace, &path.host, port.number))
                .map(|port| port.number.to_string())
                .collect();
            if hidden.is_empty() {
                continue;
            }
            let (_, callers) = hiding.entry((&sidecar.id, hidden)).or_insert((sidecar, Vec::new()));
            if callers.last() != Some(&caller.as_str()) {
                callers.push(caller);
            }
        }
    }
    let findings: Vec<Finding> = hiding
        .into_iter()
        .map(|((_, hidden), (sidecar, callers))| finding(view, path, egress, (sidecar, &hidden, &callers)))
        .collect();
    if looked_at == 0
        && let Err(outcome) = view.readable(Input::Pods)
    {
        return outcome;
    }
    // No Sidecar counts only if all Sidecars could be read.
    let root = &view.mesh().root_namespace;
    let mut namespaces = path.callers.iter().chain([root]);
    match namespaces.find_map(|namespace| view.sees(Some(namespace)).err()) {
        Some(why) if findings.is_empty() => CheckOutcome::Unreadable(why),
        _ => CheckOutcome::of(looked_at, findings),
    }
}

/// A Sidecar hides ports of the host from callers.
fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    egress: &Egress<'_>,
    (sidecar, hidden, callers): (&Resource, &[String], &[&str]),
) -> Finding {
    let lists = sidecar.sidecar().and_then(|spec| spec.egress.as_deref()).unwrap_or_default();
    let hosts: Vec<&str> = lists.iter().flat_map(|list| &list.hosts).map(String::as_str).collect();
    let imported = format!("{}/{}", egress.namespace, path.host);
    let operation = json!({ "op": "add", "path": "/spec/egress/0/hosts/-", "value": imported });
    let ports = Some(format!("hidden on port {}", list(hidden)));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("a Sidecar hides {} from {}", path.host, some_of(callers)),
        object: Place::of(&sidecar.id).field("spec.egress[].hosts", hosts.join(", ")),
        evidence: ports.into_iter().chain(calling_namespaces(callers)).collect(),
        consequence: without_route(callers, &path.host, outbound_mode(sidecar).or(view.mesh().outbound)),
        fix: fixes::patch(&sidecar.id, &operation, "imports the host"),
    }
}

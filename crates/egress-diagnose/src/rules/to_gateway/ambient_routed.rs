//! EG040: caller pods use sidecars, which read the routes.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::visibility::virtual_service::serves_mesh;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::istio::data_plane::{DATAPLANE, DataPlaneMode};
use crate::istio::waypoints::waypoint_of;
use crate::kubernetes::workload::PodOwner;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(40),
    name: "caller pods use sidecars, which read the routes",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::Namespaces, Input::Pods, Input::ServiceEntries],
    beside_the_walk: "EG100 follows calls of pods with a sidecar. This check looks for pods whose calls go through \
                      ztunnel.",
    docs: "\
## What it checks
No pod of the caller namespaces is in ambient mode, if a VirtualService for sidecars routes the host to the gateway
and its ServiceEntry names no waypoint.

## Why it matters
ztunnel reads neither VirtualServices nor Sidecars. It sends the call to the host directly, from the pod's own node
(istio/istio#52532). The objects look right, and work for every pod with a sidecar.

## How to fix
Use the egress gateway as the host's waypoint (label `istio.io/use-waypoint` on the ServiceEntry). Or give the pods
sidecars: label the namespace for injection, and remove it from ambient mode.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    findings(view, path).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, path: &EgressPath<'_>) -> Readable<CheckOutcome> {
    let routes = path.egress.into_iter().flat_map(|egress| &egress.parts);
    let Some(route) = routes
        .map(|part| &part.resource)
        .find(|resource| resource.virtual_service().is_some_and(serves_mesh))
    else {
        return Ok(CheckOutcome::NotApplicable);
    };
    if path.gateway.is_none() || has_waypoint(view, path)? {
        return Ok(CheckOutcome::NotApplicable);
    }
    let (mut pods, mut findings) = (0, Vec::new());
    for namespace in path.callers.iter().filter(|namespace| view.caller_namespaces().contains_key(*namespace))
    {
        pods += view.calling_pods(namespace)?;
        let workloads = view.workloads_with_mode(namespace, DataPlaneMode::Ztunnel)?;
        if workloads.is_empty() {
            continue;
        }
        let names: Vec<String> = workloads.keys().map(ToString::to_string).collect();
        let restarted: Vec<&PodOwner> = workloads.keys().collect();
        let label = ShellCommand::new(["kubectl", "label"]).object("namespace", namespace);
        let label = label.words(["--overwrite", "istio-injection=enabled", "istio.io/dataplane-mode-"]);
        let restart = fixes::restart(namespace, &restarted, "gives the pods sidecars instead of ztunnel");
        let fix = fixes::fix(label.and_then(restart.command), &restart.why);
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: format!("pods of {namespace} are in ambient mode, which ignores routes for sidecars"),
            object: Place::new("Namespace", None, namespace)
                .field(format!("metadata.labels[{DATAPLANE}]"), "ambient"),
            evidence: vec![format!("in ambient mode: {}", list(&names)), format!("the route: {}", route.id)],
            consequence: format!(
                "calls from {namespace} to {} leave directly from the pods' nodes",
                path.host
            ),
            fix,
        });
    }
    Ok(CheckOutcome::of(pods, findings))
}

/// Whether ztunnel sends calls to the host to a waypoint: because of a label on its ServiceEntry, or on the entry's
/// namespace.
fn has_waypoint(view: &View<'_>, path: &EgressPath<'_>) -> Readable<bool> {
    let namespaces = view.labelled_namespaces()?;
    Ok(view.entries(&path.host).iter().any(|entry| {
        let namespace = namespaces.iter().find(|facts| facts.name == entry.id.namespace);
        waypoint_of(entry, namespace.map(|facts| &facts.labels)).is_some()
    }))
}

//! EG072: ztunnel sends hosts with a waypoint to that waypoint.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::PodFacts;
use egress_istio::service_entry::ServiceEntryResolution;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place, Readable};
use crate::fixes;
use crate::istio::data_plane::DataPlaneMode;
use crate::istio::waypoints::{waypoint_of, waypoints};
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::waypoint_binding::{Unbound, unbound};
use crate::view::View;

mod unused;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(72),
    name: "ztunnel sends hosts with a waypoint to that waypoint",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::Namespaces, Input::Pods, Input::ServiceEntries, Input::GatewayApi, Input::Services],
    beside_the_walk: "It reads what ztunnel needs. EG101 leaves calls open that ztunnel does not send to their waypoint.",
    docs: "\
## What it checks
ServiceEntries with a waypoint, set by their own label or by their namespace's label: istiod bound them to the
waypoint (condition `istio.io/WaypointBound`), they have an address or can get one, and pods in ambient mode resolve
names through ztunnel (annotation `ambient.istio.io/dns-capture`). Without the condition, the objects are compared: the
waypoint exists, its listener for HBONE admits the namespace (`allowedRoutes`), and it takes calls to hosts (label
`istio.io/waypoint-for`). A waypoint for hosts that nothing names is reported with the ServiceEntries beside it.

## Why it matters
ztunnel recognises a host by its address. If the host has no address of its own, or the pod asks another DNS server,
the call goes to a public address that ztunnel does not know. It leaves from the pod's node, and the waypoint logs
nothing (istio/istio#54896, istio/istio#54981, istio/istio#60781).

## How to fix
Name the waypoint in the label `istio.io/use-waypoint`. Name the waypoint's namespace in the label `istio.io/use-waypoint-namespace`: without it, the name means a waypoint
beside the host, whatever other namespaces have. Let the waypoint's listener accept the namespace, let istiod allocate an address (or write one in `addresses`), and
leave DNS capture on. Recreate pods that are older than this setting.
",
    run: Run::Mesh(run),
};

const ALLOCATE: &str = "networking.istio.io/enable-autoallocate-ip";
const DNS_CAPTURE: &str = "ambient.istio.io/dns-capture";

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).map_or_else(
        |outcome| outcome,
        |found| found.map_or(CheckOutcome::NotApplicable, |found| CheckOutcome::of(1, found)),
    )
}

/// None where no host has a waypoint.
fn findings(view: &View<'_>) -> Readable<Option<Vec<Finding>>> {
    let namespaces = view.labelled_namespaces()?;
    let labels: BTreeMap<&str, _> =
        namespaces.iter().map(|facts| (facts.name.as_str(), &facts.labels)).collect();
    let bound: Vec<(&Resource, (&str, &str))> = view
        .service_entries()
        .filter_map(|entry| {
            let namespace = labels.get(entry.id.namespace.as_str()).copied();
            Some((entry, waypoint_of(entry, namespace)?))
        })
        .collect();
    // A mesh without the Gateway API has no waypoint, and istiod says so of each host.
    let waypoints = view.gateway_api().map(waypoints).unwrap_or_default();
    let mut found: Vec<Finding> = unused::findings(view, &waypoints, &labels);
    let Some((first, _)) = bound.first() else { return Ok((!found.is_empty()).then_some(found)) };
    for (entry, waypoint) in &bound {
        let unbound = unbound(entry, *waypoint, &waypoints, &labels);
        let unbound = unbound.map(|unbound| not_taken(entry, *waypoint, unbound));
        found.extend(unbound.or_else(|| without_address(entry)));
    }
    // A pod that uses another DNS server needs an address in `spec.addresses`.
    let allocated = |(entry, _): &&(&Resource, (&str, &str))| spec_addresses(entry).is_empty();
    let host = bound.iter().find(allocated).and_then(|(entry, _)| entry.service_entry()?.hosts.first());
    for namespace in namespaces {
        let workloads = view.workloads_with_mode(&namespace.name, DataPlaneMode::Ztunnel)?;
        for (workload, pods) in workloads.iter().filter(|_| host.is_some()) {
            let deaf =
                pods.iter().find(|pod| pod.annotations.get(DNS_CAPTURE).is_some_and(|word| word == "false"));
            found.extend(deaf.map(|pod| not_asking(pod, workload, host.unwrap_or(&first.id.name))));
        }
    }
    Ok(Some(found))
}

fn not_taken(entry: &Resource, (namespace, waypoint): (&str, &str), unbound: Unbound) -> Finding {
    let Unbound { reason, is_said, confidence, object, evidence, fix } = unbound;
    let verb = if is_said { "did" } else { "does" };
    let found = finding(
        format!("istiod {verb} not bind {} to waypoint {namespace}/{waypoint}: {reason}", hosts(entry)),
        object,
        evidence,
        format!("calls from pods in ambient mode to {} leave directly from their nodes", hosts(entry)),
        fix,
    );
    Finding { confidence, ..found }
}

/// A ServiceEntry without an address, and without an auto-allocated one. ztunnel recognises a wildcard by its name.
fn without_address(entry: &Resource) -> Option<Finding> {
    let spec = entry.service_entry()?;
    let allocated = entry.live.as_ref().is_some_and(|live| !live.status.addresses.is_empty());
    if allocated || !spec_addresses(entry).is_empty() || spec.hosts.iter().any(|host| host.starts_with('*')) {
        return None;
    }
    let place = Place::of(&entry.id);
    let (object, fix) = if entry.labels.get(ALLOCATE).is_some_and(|word| word == "false") {
        let labelled = (&*entry.id.kind.qualified(), &*entry.id.name, &*entry.id.namespace);
        let fix = fixes::label(labelled, (ALLOCATE, None), "lets istiod allocate an address for the host");
        (place.field(format!("metadata.labels[{ALLOCATE}]"), "false"), fix)
    } else if spec.resolution.as_ref().is_none_or(|resolution| *resolution == ServiceEntryResolution::None) {
        let change = json!({ "resolution": "DNS" });
        let fix = fixes::merge(
            &entry.id,
            &change,
            "istiod allocates an address for the host, and Envoy resolves its name",
        );
        (place.field("spec.resolution", "NONE"), fix)
    } else {
        return None;
    };
    Some(finding(
        format!("{} has a waypoint, but no address that ztunnel can recognise", hosts(entry)),
        object,
        Vec::new(),
        format!("calls from pods in ambient mode to {} leave directly from their nodes", hosts(entry)),
        fix,
    ))
}

fn not_asking(pod: &PodFacts, workload: &PodOwner, host: &str) -> Finding {
    finding(
        format!("{workload} of {} does not resolve names through ztunnel", pod.namespace),
        Place::new("Pod", Some(&pod.namespace), &pod.name)
            .field(format!("metadata.annotations[{DNS_CAPTURE}]"), "false"),
        Vec::new(),
        format!("its calls to hosts with a waypoint, such as {host}, leave directly from its node"),
        fixes::relabel(
            (&pod.namespace, workload),
            &[],
            &[(DNS_CAPTURE, None)],
            "ztunnel then answers DNS with the address that leads to the waypoint",
        ),
    )
}

fn spec_addresses(entry: &Resource) -> &[String] {
    entry.service_entry().and_then(|spec| spec.addresses.as_deref()).unwrap_or_default()
}

fn hosts(entry: &Resource) -> String {
    entry.service_entry().map(|spec| crate::wording::list(&spec.hosts)).unwrap_or_default()
}

fn finding(message: String, object: Place, evidence: Vec<String>, consequence: String, fix: Fix) -> Finding {
    let (code, level) = (CHECK.code, CHECK.level);
    Finding { code, confidence: Confidence::Certain, level, message, object, evidence, consequence, fix }
}

//! EG062: the host was added.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_core::snapshot::PodFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::{some_of, without_route};

mod undiscovered;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(62),
    name: "the host was added",
    level: Level::Error,
    segment: PathSegment::Objects,
    inputs: &[
        Input::ServiceEntries,
        Input::VirtualServices,
        Input::Mesh,
        Input::Sidecars,
        Input::Pods,
        Input::Namespaces,
    ],
    beside_the_walk: "Without objects no call to the host is meant to pass the gateway.",
    docs: "\
## What it checks
Some object routes the host to a gateway for the callers: in their namespace, or in another one that exports its
routes to them. Objects in a namespace that `discoverySelectors` leave out do not count: istiod does not read them.

## Why it matters
The sidecar refuses calls to a host that was not added. With `ALLOW_ANY` they leave directly from the caller's node.

## How to fix
Add the host for the caller namespace. Where objects for it exist and are not read, label their namespace.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    if path.egress.is_some() {
        return CheckOutcome::Good(None);
    }
    let named = path.callers.iter().map(String::as_str);
    // A host that is asked for without a namespace is one that anybody may know.
    let callers: Vec<&str> = if path.callers.is_empty() && path.namespace.is_none() {
        view.namespaces().into_iter().collect()
    } else {
        named.collect()
    };
    let known = callers.iter().any(|caller| !view.entries_seen_from(caller, &path.host).is_empty());
    let routed = callers.iter().any(|caller| !view.mesh_routes_seen_from(caller, &path.host).is_empty());
    // A host that only another cluster has was not requested here.
    if known || routed || !path.is_wanted {
        return CheckOutcome::NotApplicable;
    }
    if let Some(entry) = path.undiscovered.first() {
        return CheckOutcome::Bad(vec![undiscovered::finding(view, path, entry, consequence(view, path))]);
    }
    let elsewhere = view.egresses_of(&path.host).iter();
    let mut evidence: Vec<String> = elsewhere
        .map(|egress| format!("it was added in namespace {}, for other callers", egress.namespace))
        .collect();
    evidence.extend(view.sees(None).err());
    CheckOutcome::Bad(vec![Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: match &path.namespace {
            Some(namespace) => format!("{} was not added for namespace {namespace}", path.host),
            None => format!("{} was not added in any namespace", path.host),
        },
        object: match &path.namespace {
            Some(namespace) => Place::new("Namespace", None, namespace),
            None => Place::new("Host", None, &path.host),
        },
        evidence,
        consequence: consequence(view, path),
        fix: fixes::add_for(&path.host, path.namespace.as_deref(), "routes its calls through the gateway"),
    }])
}

/// What becomes of calls to a host that nobody added.
fn consequence(view: &View<'_>, path: &EgressPath<'_>) -> String {
    if let Some(namespace) = &path.namespace {
        without_route(&[namespace], &path.host, view.outbound_from(namespace))
    } else {
        let modes = view.outbound_modes().into_iter();
        let told = modes.map(|(mode, callers)| without_route(&callers, &path.host, mode));
        let ambient = ambient_namespaces(view);
        let has_sidecars = view.all_pods().is_ok_and(|pods| pods.iter().any(|pod| pod.has_sidecar));
        // ztunnel knows no outbound policy.
        let of_ambient = (!ambient.is_empty())
            .then(|| format!("calls from pods in ambient mode of {} leave directly", some_of(&ambient)));
        let told = told.filter(|_| has_sidecars || ambient.is_empty());
        told.chain(of_ambient).collect::<Vec<_>>().join("; ")
    }
}

/// The namespaces with pods in ambient mode.
fn ambient_namespaces<'a>(view: &View<'a>) -> Vec<&'a str> {
    let (Ok(namespaces), Ok(pods)) = (view.labelled_namespaces(), view.all_pods()) else { return Vec::new() };
    let labels: BTreeMap<&str, _> =
        namespaces.iter().map(|home| (home.name.as_str(), &home.labels)).collect();
    let is_ambient = |pod: &&PodFacts| {
        let home = labels.get(pod.namespace.as_str()).copied();
        !pod.finished && data_plane_mode(pod, home) == DataPlaneMode::Ztunnel
    };
    let found: BTreeSet<&str> = pods.iter().filter(is_ambient).map(|pod| pod.namespace.as_str()).collect();
    found.into_iter().collect()
}

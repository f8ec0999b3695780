//! EG017: outbound traffic policy is REGISTRY_ONLY.
//!
//! Reads the mesh configuration and Sidecars. Istio enforces nothing here: this check does not cover pods that bypass
//! their sidecar.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::{MeshFacts, OutboundMode, PodFacts};
use egress_core::visibility::sidecar::outbound_mode;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(17),
    name: "outbound traffic policy is REGISTRY_ONLY",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Mesh, Input::Sidecars, Input::Pods, Input::Gateways, Input::GatewayApi],
    beside_the_walk: "Calls to declared hosts pass in both modes. This check is about all other hosts.",
    docs: "\
## What it checks
`outboundTrafficPolicy.mode` of the mesh configuration, and the same field of every Sidecar: what holds for each pod
with a sidecar. Without such a pod there is nothing to check; a mode of the mesh that Sidecars replace for all pods is
not reported. Neither is the mode of a mesh without any egress gateway or waypoint: its calls leave directly on purpose.

## Why it matters
With `ALLOW_ANY`, Istio's default, calls to hosts without a ServiceEntry leave directly from the caller's node. So
they do with `ALLOW_ANY_DYNAMIC_DNS` (Istio 1.31 and later), where the sidecar resolves the name. With `REGISTRY_ONLY`
the sidecar refuses them. None of these modes is enforcement: a pod can bypass its sidecar, and only a NetworkPolicy
or a firewall blocks that.

## How to fix
Add every host that is needed, then set the mode to `REGISTRY_ONLY`.
",
    run: Run::Mesh(run),
};

const CONSEQUENCE: &str = "calls to hosts without a ServiceEntry leave directly from the caller's node";
/// This many namespaces are named.
const NAMED: usize = 4;

fn run(view: &View<'_>) -> CheckOutcome {
    let mesh = view.mesh();
    let Some(mode) = mesh.outbound else {
        let why = view.unreadable(Input::Mesh);
        return CheckOutcome::Unreadable(
            why.unwrap_or_else(|| "the mesh configuration was not read".to_owned()),
        );
    };
    // Without pods, nobody knows which Sidecars are in use.
    let pods =
        view.all_pods().ok().map(|pods| pods.iter().filter(|pod| has_sidecar(pod)).collect::<Vec<_>>());
    let is_without_gateway = view.gateways().is_empty()
        && view.readable(Input::Gateways).is_ok()
        && !view.gateway_api().unwrap_or_default().iter().any(|object| object.kind == "Gateway");
    if pods.as_ref().is_some_and(Vec::is_empty) || (is_without_gateway && view.asked_hosts().is_empty()) {
        return CheckOutcome::NotApplicable;
    }
    let mut findings = Vec::new();
    if mode.lets_out() {
        findings.extend(match &pods {
            Some(pods) => of_pods(view, mesh, mode, pods),
            None => (!is_held_by_root(view, mesh)).then(|| of_mesh(mesh, mode, &[])),
        });
    }
    let is_used = |sidecar: &Resource| {
        let for_pod = |pod: &&PodFacts| view.sidecar_for(&pod.namespace, &pod.labels);
        let ids = |pods: &Vec<&PodFacts>| pods.iter().filter_map(for_pod).any(|found| found.id == sidecar.id);
        pods.as_ref().is_none_or(ids)
    };
    let open = view
        .sidecars()
        .filter(|sidecar| !mode.lets_out() && outbound_mode(sidecar) == Some(OutboundMode::AllowAny));
    findings.extend(open.filter(|sidecar| is_used(sidecar)).map(of_sidecar));
    if findings.is_empty() {
        CheckOutcome::Good(Some("REGISTRY_ONLY".to_owned()))
    } else {
        CheckOutcome::Bad(findings)
    }
}

fn has_sidecar(pod: &PodFacts) -> bool {
    !pod.finished && data_plane_mode(pod, None) == DataPlaneMode::Sidecar
}

/// The mode of the mesh, for the pods that no Sidecar holds.
fn of_pods(view: &View<'_>, mesh: &MeshFacts, mode: OutboundMode, pods: &[&PodFacts]) -> Option<Finding> {
    let is_open = |pod: &&&PodFacts| {
        let own = view.sidecar_for(&pod.namespace, &pod.labels).and_then(outbound_mode);
        own.unwrap_or(mode).lets_out()
    };
    let open: Vec<&&PodFacts> = pods.iter().filter(is_open).collect();
    let namespaces: BTreeSet<&str> = if open.len() == pods.len() {
        BTreeSet::new()
    } else {
        open.iter().map(|pod| pod.namespace.as_str()).collect()
    };
    let namespaces: Vec<&str> = namespaces.into_iter().collect();
    (!open.is_empty()).then(|| of_mesh(mesh, mode, &namespaces))
}

/// Whether the root namespace's Sidecar holds all pods, and no other lets some out.
fn is_held_by_root(view: &View<'_>, mesh: &MeshFacts) -> bool {
    let for_all = |sidecar: &Resource| {
        let selector = sidecar.sidecar().and_then(|spec| spec.workload_selector.as_ref());
        let labels = selector.and_then(|selector| selector.labels.as_ref());
        sidecar.id.namespace == mesh.root_namespace && labels.is_none_or(BTreeMap::is_empty)
    };
    let holds = |sidecar: &Resource| outbound_mode(sidecar) == Some(OutboundMode::RegistryOnly);
    view.sidecars().any(for_all) && view.sidecars().all(holds)
}

/// The mode of the mesh; `namespaces`: those whose pods it holds for, if not for all.
fn of_mesh(mesh: &MeshFacts, mode: OutboundMode, namespaces: &[&str]) -> Finding {
    let left_out = namespaces.len().saturating_sub(NAMED);
    let first = namespaces.iter().take(NAMED).map(|name| (*name).to_owned());
    let named: Vec<String> = first.chain((left_out > 0).then(|| format!("{left_out} more"))).collect();
    let whose = match namespaces.len() {
        0 => String::new(),
        1 => format!(" of namespace {}", list(&named)),
        _ => format!(" of namespaces {}", list(&named)),
    };
    let (namespace, map) = mesh.config_map();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("sidecars{whose} allow calls to unknown hosts"),
        object: Place::new("ConfigMap", Some(namespace), map)
            .field("outboundTrafficPolicy.mode", mode.to_string()),
        evidence: if namespaces.is_empty() {
            Vec::new()
        } else {
            vec!["Sidecars hold the other pods with a sidecar to REGISTRY_ONLY".to_owned()]
        },
        consequence: CONSEQUENCE.to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "edit"]).object("configmap", map).in_namespace(namespace),
            "set outboundTrafficPolicy.mode to REGISTRY_ONLY in `mesh`; calls to hosts without a ServiceEntry then fail",
        ),
    }
}

fn of_sidecar(sidecar: &Resource) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("sidecars of namespace {} allow calls to unknown hosts", sidecar.id.namespace),
        object: Place::of(&sidecar.id).field("spec.outboundTrafficPolicy.mode", "ALLOW_ANY"),
        evidence: Vec::new(),
        consequence: CONSEQUENCE.to_owned(),
        fix: fixes::merge(
            &sidecar.id,
            &json!({ "outboundTrafficPolicy": { "mode": "REGISTRY_ONLY" } }),
            "calls from that namespace to hosts without a ServiceEntry then fail",
        ),
    }
}

//! EG013: caller pods have a sidecar.
//!
//! Other checks cover pods in ambient mode and pods with hostNetwork.

use std::collections::BTreeMap;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::snapshot::PodFacts;

use crate::finding::{Candidates, CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::data_plane::{DataPlaneMode, INJECT};
use crate::kubernetes::workload::PodOwner;
use crate::path::NamespaceCalls;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(13),
    name: "caller pods have a sidecar",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Namespaces, Input::Pods],
    beside_the_walk: "Calls are followed from pods with a sidecar. This check looks for pods without one.",
    docs: "\
## What it checks
Every running pod of a namespace that calls hosts through a gateway: it has Istio's proxy, or ztunnel captures it. If
not: whether injection was never enabled for the namespace, the pod opted out, or it is older than the label.

## Why it matters
Only a sidecar sends calls to the gateway. Istio's objects have no effect on a pod without one: it resolves the host
itself, and its calls leave from its own node, with any outbound traffic policy.

## How to fix
Label the namespace (`istio-injection=enabled`, or `istio.io/rev` of the revision), or remove the pod's own
`sidecar.istio.io/inject: \"false\"`. Then recreate the pods: injection happens only at creation.
",
    run: Run::Mesh(run),
};

/// The labels that enable injection in a namespace. `istio-injection` overrides `istio.io/rev`.
const ENABLED: &str = "istio-injection";
const REVISION: &str = "istio.io/rev";

fn run(view: &View<'_>) -> CheckOutcome {
    let (mut looked_at, mut findings) = (0, Vec::new());
    for (namespace, calls) in view.caller_namespaces() {
        let read = || {
            let bare = view.workloads_with_mode(namespace, DataPlaneMode::NotInMesh)?;
            Ok((view.workloads_with_mode(namespace, DataPlaneMode::Sidecar)?.len() + bare.len(), bare))
        };
        let (workloads, bare) = match read() {
            Ok(read) => read,
            Err(outcome) => return outcome,
        };
        looked_at += workloads;
        findings.extend(of_namespace(view, namespace, calls, bare));
    }
    CheckOutcome::of(looked_at, findings)
}

fn of_namespace(
    view: &View<'_>,
    namespace: &str,
    calls: &NamespaceCalls,
    mut bare: BTreeMap<PodOwner, Vec<&PodFacts>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    bare.retain(|workload, pods| {
        let Some((place, value)) = pods.iter().find_map(|pod| opted_out(pod)) else { return true };
        findings.push(opted_out_finding((namespace, workload), pods, (place, value), calls));
        false
    });
    if bare.is_empty() {
        return findings;
    }
    let all = view.labelled_namespaces().unwrap_or_default();
    let labels = all.iter().find(|facts| facts.name == namespace).map(|facts| &facts.labels);
    let enabled = labels.is_some_and(|labels| match labels.get(ENABLED) {
        Some(word) => word == "enabled",
        None => labels.contains_key(REVISION),
    });
    let workloads: Vec<&PodOwner> = bare.keys().collect();
    let restart = fixes::restart(namespace, &workloads, "recreates the pods, with a sidecar");
    let (message, object, fix) = if enabled {
        let message = format!("pods of {namespace} have no sidecar, although injection is enabled");
        let first = bare.values().flatten().next().map(|pod| pod.name.as_str()).unwrap_or_default();
        (message, Place::new("Pod", Some(namespace), first), restart)
    } else {
        let label = all.iter().find_map(|facts| facts.labels.get(REVISION));
        let label = match label.filter(|_| !all.iter().any(|facts| facts.labels.contains_key(ENABLED))) {
            Some(revision) => Word::from(REVISION).and("=").and(Word::label_value(revision)),
            None => Word::from(ENABLED).and("=enabled"),
        };
        let enable = ShellCommand::new(["kubectl", "label"]).object("namespace", namespace);
        let enable = enable.word(label).word("--overwrite");
        let found = labels.and_then(|labels| labels.get(ENABLED)).cloned();
        let fix = Fix {
            command: enable.and_then(restart.command),
            why: format!("enables injection; {}", restart.why),
            changes: None,
            candidates: Candidates::default(),
        };
        let message = format!("namespace {namespace} calls hosts, but sidecar injection is not enabled");
        let field = Some(format!("metadata.labels[{ENABLED}]"));
        (message, Place { field, value: found, ..Place::new("Namespace", None, namespace) }, fix)
    };
    let evidence = vec![format!("without a sidecar: {}", counted(&bare))];
    findings.push(finding(message, object, evidence, consequence(namespace, calls), fix));
    findings
}

/// The field with which a pod opts out of injection. The label overrides the annotation.
fn opted_out(pod: &PodFacts) -> Option<(&'static str, &str)> {
    let (place, word) = match pod.labels.get(INJECT) {
        Some(word) => ("labels", word),
        None => ("annotations", pod.annotations.get(INJECT)?),
    };
    (word == "false").then_some((place, word.as_str()))
}

fn opted_out_finding(
    (namespace, workload): (&str, &PodOwner),
    pods: &[&PodFacts],
    (place, value): (&str, &str),
    calls: &NamespaceCalls,
) -> Finding {
    let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
    let first = names.first().copied().unwrap_or_default();
    finding(
        format!("{workload} of {namespace} opted out of sidecar injection"),
        Place::new("Pod", Some(namespace), first).field(format!("metadata.{place}[{INJECT}]"), value),
        vec![format!("without a sidecar: {}", list(&names))],
        consequence(namespace, calls),
        fixes::relabel(
            (namespace, workload),
            &[(INJECT, Some("true"))],
            &[(INJECT, None)],
            "recreates the pods, with a sidecar",
        ),
    )
}

fn finding(message: String, object: Place, evidence: Vec<String>, consequence: String, fix: Fix) -> Finding {
    let (code, level) = (CHECK.code, CHECK.level);
    Finding { code, confidence: Confidence::Certain, level, message, object, evidence, consequence, fix }
}

fn consequence(namespace: &str, calls: &NamespaceCalls) -> String {
    format!("calls from these pods of {namespace} to {} leave directly from their nodes", calls.wording())
}

fn counted(workloads: &BTreeMap<PodOwner, Vec<&PodFacts>>) -> String {
    let words: Vec<String> = workloads
        .iter()
        .map(|(workload, pods)| match pods.len() {
            1 => workload.to_string(),
            many => format!("{workload} ({many} pods)"),
        })
        .collect();
    list(&words)
}

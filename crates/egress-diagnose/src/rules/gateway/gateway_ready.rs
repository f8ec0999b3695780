//! EG061: the gateway's pods are ready.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, PodFacts};

use super::gateway_injected::PLACEHOLDER;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(61),
    name: "the gateway's pods are ready",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways, Input::Pods, Input::Secrets],
    beside_the_walk: "It reads the state of pods: a followed call ends at a pod of the gateway only if there is one.",
    docs: "\
## What it checks
The pods behind the gateway's Service: there are some, and they are ready.

## Why it matters
Without a ready pod the Service has no endpoints, and every call through it fails with 503 (`UH`). If only some are
ready, they take all traffic.

In a mesh of several clusters the pods may run in another one, and istiod takes the endpoints of the same Service from
there. Where a Secret gives it access to another cluster, a Service without pods here is not checked.

## How to fix
Find out why the pods are not scheduled or not ready. For a pinned gateway the reason is often a node selector that
matches no node.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let hidden = || view.unreadable(Input::Pods).or_else(|| view.unreadable(Input::Services));
    if gateway.assumed {
        return CheckOutcome::Unreadable(
            hidden().unwrap_or_else(|| "the gateway could not be read".to_owned()),
        );
    }
    if let Some(why) = hidden().filter(|_| gateway.pods.is_empty()) {
        return CheckOutcome::Unreadable(why);
    }
    // A Service is among the facts, and no pod at all: nobody read them.
    if gateway.pods.is_empty()
        && let Err(outcome) = view.readable(Input::Pods)
    {
        return outcome;
    }
    let nodes: BTreeSet<&str> = gateway.ready_pods().filter_map(|pod| pod.node.as_deref()).collect();
    let nodes: Vec<&str> = nodes.into_iter().collect();
    let (ready, all) = (gateway.ready_pods().count(), gateway.pods.len());
    if ready == all && all > 0 {
        let seen = format!("{ready} of {all}, on {}", list(&nodes));
        return CheckOutcome::Good(Some(seen));
    }
    // Files need not contain pods.
    if all == 0
        && let Err(outcome) = view.readable(Input::Pods)
    {
        return outcome;
    }
    if all == 0
        && let Some(why) = elsewhere(view)
    {
        return CheckOutcome::Unreadable(why);
    }
    let selector: Vec<String> =
        gateway.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let selector = selector.join(",");
    let waiting: Vec<&PodFacts> =
        gateway.pods.iter().filter(|pod| !pod.ready && !is_told_elsewhere(pod)).collect();
    if waiting.is_empty() && all > 0 {
        return CheckOutcome::NotApplicable;
    }
    let evidence = waiting.into_iter().map(|pod| match &pod.node {
        Some(node) => format!("pod {} on node {node} is not ready", pod.name),
        None => format!("pod {} is on no node", pod.name),
    });
    let service = &gateway.name;
    let labels = Word::selector(&gateway.selector);
    let shown = if all == 0 {
        let get = ShellCommand::new(["kubectl", "get", "deployments"]).in_namespace(&service.namespace);
        get.word("-l").word(labels).words(["-o", "wide"])
    } else {
        let describe = ShellCommand::new(["kubectl", "describe", "pods"]).in_namespace(&service.namespace);
        describe.word("-l").word(labels)
    };
    CheckOutcome::Bad(vec![Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if ready == 0 { Level::Error } else { Level::Warning },
        message: match (all, ready) {
            (0, _) => "the gateway has no pods".to_owned(),
            (_, 0) => "no pod of the gateway is ready".to_owned(),
            _ => format!("{ready} of {all} pods of the gateway are ready, on {}", list(&nodes)),
        },
        object: Place::new("Service", Some(&service.namespace), &service.service)
            .field("spec.selector", selector.as_str()),
        evidence: evidence.collect(),
        consequence: if ready == 0 {
            "every call through this gateway fails with 503".to_owned()
        } else {
            "the ready pods take all traffic".to_owned()
        },
        fix: fixes::fix(shown, "shows why they are missing or not ready"),
    }])
}

/// Where the pods may run instead.
fn elsewhere(view: &View<'_>) -> Option<String> {
    let secrets = view.secrets().unwrap_or_default();
    let clusters: BTreeSet<&str> =
        secrets.iter().flat_map(|secret| &secret.remote_clusters).map(String::as_str).collect();
    let clusters: Vec<&str> = clusters.into_iter().collect();
    let word = if clusters.len() == 1 { "cluster" } else { "clusters" };
    (!clusters.is_empty()).then(|| {
        format!("no pod of the gateway runs in this cluster, and {word} {} may have them", list(&clusters))
    })
}

/// EG022 reports a pod without a node, EG075 one without a proxy.
fn is_told_elsewhere(pod: &PodFacts) -> bool {
    pod.unschedulable.is_some() || pod.proxy.as_ref().is_some_and(|proxy| proxy.image == PLACEHOLDER)
}

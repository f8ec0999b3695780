//! EG075: the gateway's pods run an injected gateway proxy.

use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, PodFacts, ProxyRole};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::data_plane::INJECT;
use crate::kubernetes::workload::{PodOwner, by_workload};
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(75),
    name: "the gateway's pods run an injected gateway proxy",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways],
    beside_the_walk: "It reads pods: a proxy that is not injected has no configuration to follow.",
    docs: "\
## What it checks
The container `istio-proxy` of each gateway pod: the webhook replaced its image `auto`, and it runs as `router`, not
as a sidecar.

## Why it matters
A gateway's Deployment has the image `auto`, which only the webhook replaces. If no webhook selects the pod, it waits
for an image of that name. If the template `gateway` is missing, the pod gets a sidecar's proxy. That opens none of
the Gateway's ports: connections are refused.

## How to fix
Give the pod template the annotation `inject.istio.io/templates: gateway` and the label `sidecar.istio.io/inject:
\"true\"` (or `istio.io/rev`, with revisions), in a namespace that the webhook selects.
",
    run: Run::Gateway(run),
};

/// The placeholder that the injection webhook replaces with the proxy's image.
pub(super) const PLACEHOLDER: &str = "auto";
const TEMPLATES: &str = "inject.istio.io/templates";

fn run(_: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let wrong = gateway.pods.iter().filter(|pod| fault(pod).is_some());
    let fits = |pod: &&PodFacts| pod.ready && fault(pod).is_none();
    let level = if gateway.pods.iter().any(|pod| fits(&pod)) { Level::Warning } else { Level::Error };
    let findings = by_workload(wrong).into_iter().filter_map(|(workload, pods)| {
        let pod = pods.first()?;
        Some(finding(&workload, pod, fault(pod)?, level))
    });
    CheckOutcome::of(gateway.pods.iter().filter(|pod| is_told(pod)).count(), findings.collect())
}

/// What is wrong with the proxy of a gateway's pod.
#[derive(Clone, Copy)]
enum Fault {
    NotInjected,
    Sidecar,
}

/// Whether a pod declares the role of its proxy.
fn is_told(pod: &PodFacts) -> bool {
    pod.proxy.as_ref().is_some_and(|proxy| proxy.image == PLACEHOLDER || proxy.role != ProxyRole::Untold)
}

/// A proxy of unknown role, or a pod without Istio's proxy, is not a fault: it may be right.
fn fault(pod: &PodFacts) -> Option<Fault> {
    let proxy = pod.proxy.as_ref()?;
    match proxy.role {
        _ if proxy.image == PLACEHOLDER => Some(Fault::NotInjected),
        ProxyRole::Sidecar => Some(Fault::Sidecar),
        ProxyRole::Router | ProxyRole::Waypoint | ProxyRole::Untold => None,
    }
}

fn finding(workload: &PodOwner, pod: &PodFacts, fault: Fault, level: Level) -> Finding {
    let namespace = pod.namespace.as_str();
    let place = Place::new("Pod", Some(namespace), &pod.name);
    let (message, object) = match fault {
        Fault::NotInjected => (
            format!("no webhook injected a proxy into pod {}", pod.name),
            place.field("spec.containers[istio-proxy].image", PLACEHOLDER),
        ),
        Fault::Sidecar => (
            format!("the proxy of pod {} runs as a sidecar", pod.name),
            place.field("spec.containers[istio-proxy].args", "proxy sidecar"),
        ),
    };
    let templates = pod.annotations.get(TEMPLATES).map_or("none", String::as_str);
    let inject = pod.labels.get(INJECT).or(pod.annotations.get(INJECT)).map_or("none", String::as_str);
    let fix = if matches!(fault, Fault::NotInjected) && inject == "true" && templates == "gateway" {
        let why = "recreates the pods; first see that a webhook selects them: `kubectl get mutatingwebhookconfigurations` shows \
                   which namespaces and revisions each selects";
        fixes::restart(namespace, &[workload], why)
    } else {
        let label: &[(&str, Option<&str>)] =
            if pod.labels.contains_key("istio.io/rev") { &[] } else { &[(INJECT, Some("true"))] };
        let why = "recreates the pods as a gateway; the webhook must select the namespace";
        fixes::relabel((namespace, workload), label, &[(TEMPLATES, Some("gateway"))], why)
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message,
        object,
        evidence: vec![format!("{TEMPLATES}: {templates}; {INJECT}: {inject}")],
        consequence: match (fault, level) {
            (Fault::NotInjected, Level::Error) => {
                "no pod is ready: every call through this gateway fails with 503"
            }
            (Fault::NotInjected, _) => "the other pods take all traffic",
            (Fault::Sidecar, Level::Error) => {
                "no port of a Gateway object is open: connections to this gateway are refused"
            }
            (Fault::Sidecar, _) => "calls that reach this pod are refused",
        }
        .to_owned(),
        fix,
    }
}

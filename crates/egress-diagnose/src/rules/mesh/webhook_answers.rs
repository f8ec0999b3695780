//! EG046: istiod's validation webhook answers.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::label_selector::has_labels;
use egress_core::related_resources::WebhookFacts;
use egress_core::role::Kind;
use egress_core::snapshot::{PodFacts, ServiceFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(46),
    name: "istiod's validation webhook answers",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Webhooks, Input::Services, Input::Pods],
    beside_the_walk: "It asks whether istiod can refuse objects. Calls do not depend on it.",
    docs: "\
## What it checks
Every validating webhook for Istio's networking objects with `failurePolicy: Fail`: it has a CA certificate, its
Service exists, and the Service has a ready pod.

## Why it matters
Without an answer the API server refuses every write of a ServiceEntry, VirtualService, DestinationRule or Gateway.
Existing egresses keep working; a running `add` or `remove` stops half-way.

## How to fix
Restore istiod: it serves the webhook and writes its certificate into the configuration.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let read = || Ok((view.webhooks()?, view.services()?, view.all_pods()?));
    let (webhooks, services, pods) = match read() {
        Err(outcome) => return outcome,
        Ok(read) => read,
    };
    let checks_istio = |webhook: &&WebhookFacts| {
        webhook.kind == "ValidatingWebhookConfiguration"
            && webhook.fails_closed
            && webhook.groups.iter().any(|group| group == "*" || group == Kind::GROUP)
    };
    let mut findings: Vec<Finding> = Vec::new();
    for webhook in webhooks.iter().filter(checks_istio) {
        let Some((why, namespace)) = silent(webhook, services, pods) else { continue };
        // If istiod is down, all of its webhooks have the same cause.
        if !findings.iter().any(|finding| finding.evidence.first() == Some(&why)) {
            findings.push(finding(webhook, why, &namespace));
        }
    }
    CheckOutcome::of(webhooks.iter().filter(checks_istio).count(), findings)
}

/// Why a webhook cannot answer, and the namespace of its server; none if it can, or if that is unknown.
fn silent(webhook: &WebhookFacts, services: &[ServiceFacts], pods: &[PodFacts]) -> Option<(String, String)> {
    let (namespace, name) = webhook.service.as_ref()?;
    let said = |why: String| Some((why, namespace.clone()));
    let service = services.iter().find(|service| service.namespace == *namespace && service.name == *name);
    let Some(service) = service else {
        return said(format!("service/{name} in namespace {namespace} does not exist"));
    };
    let behind = |pod: &&PodFacts| pod.namespace == *namespace && has_labels(&pod.labels, &service.selector);
    // A Service without a selector leads to an istiod outside the cluster.
    if !service.selector.is_empty() && !pods.iter().filter(behind).any(|pod| pod.ready) {
        return said(format!("service/{name} in namespace {namespace} has no ready pod"));
    }
    if !webhook.has_ca {
        return said(format!("webhook {}: clientConfig.caBundle is empty", webhook.name));
    }
    None
}

fn finding(webhook: &WebhookFacts, why: String, namespace: &str) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: "the validation webhook for Istio's objects cannot answer".to_owned(),
        object: Place::new(&webhook.kind, None, &webhook.configuration).field("failurePolicy", "Fail"),
        evidence: vec![why],
        consequence: "no host can be added or removed, and a running change stops half-way".to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "rollout", "restart", "deployment"])
                .in_namespace(namespace)
                .words(["-l", "app=istiod"]),
            "restarts istiod, which serves the webhook and writes its certificate; if it does not start, see its log",
        ),
    }
}

//! EG104: the control plane of the gateway's revision is installed.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, PodFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(104),
    name: "the control plane of the gateway's revision is installed",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::Gateways, Input::ControlPlane, Input::Services, Input::Webhooks],
    beside_the_walk: "It reads which istiod is installed. Calls are followed as if each proxy got its configuration.",
    docs: "\
## What it checks
The revision of istiod that injected each gateway pod: its annotation `istio.io/rev`. A pod of istiod has that revision, or
the Service `istiod-REVISION` leads elsewhere, or a webhook of the revision exists. In a mesh whose istiod runs outside the
cluster it says nothing.

## Why it matters
An injected proxy asks `istiod-REVISION` for its configuration. After an upgrade that removes the old revision, the pods
keep their last configuration: hosts that are added later are unknown to them, and their certificates are not renewed, so
that calls with mTLS fail within a day.

## How to fix
Restart the gateway's workload, so that a revision that exists injects its pods.
",
    run: Run::Gateway(run),
};

/// The annotation of injected pods, and the label of istiod, with the revision.
const REVISION: &str = "istio.io/rev";
/// The revision of an installation that names none.
const DEFAULT: &str = "default";

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, gateway).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, gateway: &GatewayFacts) -> Readable<CheckOutcome> {
    let mut revisions: BTreeMap<&str, Vec<&PodFacts>> = BTreeMap::new();
    for pod in gateway.pods.iter().filter(|pod| !pod.finished) {
        let told = pod.annotations.get(REVISION).filter(|_| pod.proxy.is_some());
        if let Some(revision) = told {
            revisions.entry(revision).or_default().push(pod);
        }
    }
    if revisions.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let installed = view.istiod()?;
    if installed.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let of = |istiod: &PodFacts| istiod.labels.get(REVISION).map_or(DEFAULT, String::as_str).to_owned();
    let installed: BTreeSet<String> = installed.iter().map(of).collect();
    let installed: Vec<String> = installed.into_iter().collect();
    let mut found = Vec::new();
    for (revision, pods) in &revisions {
        if !installed.iter().any(|one| one == revision) && !is_elsewhere(view, revision)? {
            found.extend(pods.first().map(|pod| finding(gateway, revision, pod, &installed)));
        }
    }
    Ok(CheckOutcome::of(revisions.len(), found))
}

/// Whether the control plane of a revision answers from outside the cluster.
fn is_elsewhere(view: &View<'_>, revision: &str) -> Readable<bool> {
    let name = if revision == DEFAULT { "istiod".to_owned() } else { format!("istiod-{revision}") };
    let mut own = view.services()?.iter().filter(|service| service.name == name).peekable();
    if own.peek().is_some() {
        return Ok(own.any(|service| service.selector.is_empty()));
    }
    let webhooks = view.webhooks()?;
    let injector = format!("istio-sidecar-injector-{revision}");
    let is_of_it = |name: &str| {
        name.strip_prefix(&injector).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            || name.strip_prefix("istio-revision-tag-") == Some(revision)
    };
    Ok(webhooks.iter().any(|webhook| is_of_it(&webhook.configuration)))
}

fn finding(gateway: &GatewayFacts, revision: &str, pod: &PodFacts, installed: &[String]) -> Finding {
    let namespace = gateway.name.namespace.as_str();
    let owner = PodOwner::of(pod);
    let fix = if owner.has_template() {
        let why = "an installed revision injects the new pods; first see that the labels of the namespace and of the pod \
                   template name one";
        fixes::restart(namespace, &[&owner], why)
    } else {
        fixes::fix(
            ShellCommand::show(&owner.kind(), &owner.name, namespace),
            "recreate it with a label of an installed revision",
        )
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("no control plane of revision `{revision}` exists for gateway {}", gateway.name),
        object: Place::new("Pod", Some(namespace), &pod.name)
            .field(format!("metadata.annotations[{REVISION}]"), revision),
        evidence: vec![format!("installed revisions: {}", list(installed))],
        consequence: "the gateway gets no new hosts, and calls with mTLS fail when its certificate expires, within a day"
            .to_owned(),
        fix,
    }
}

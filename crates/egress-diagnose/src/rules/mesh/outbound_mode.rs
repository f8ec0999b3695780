//! EG017: outbound traffic policy is REGISTRY_ONLY.
//!
//! Reads the mesh configuration and Sidecars. Istio enforces nothing here: this check does not cover pods that bypass
//! their sidecar.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::snapshot::OutboundMode;
use egress_istio::sidecar::SidecarOutboundTrafficPolicyMode;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(17),
    name: "outbound traffic policy is REGISTRY_ONLY",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Mesh, Input::Sidecars],
    docs: "\
## What it checks
`outboundTrafficPolicy.mode` of the mesh configuration, and the same field of every Sidecar.

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

fn run(view: &View<'_>) -> CheckOutcome {
    let mesh = view.mesh();
    let mut findings = Vec::new();
    match mesh.outbound {
        None => {
            let why = view.unreadable(Input::Mesh);
            return CheckOutcome::Unreadable(why.unwrap_or_else(|| "the mesh configuration was not read".to_owned()));
        }
        Some(OutboundMode::RegistryOnly) => {}
        Some(mode @ (OutboundMode::AllowAny | OutboundMode::AllowAnyDynamicDns)) => findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: "sidecars allow calls to unknown hosts".to_owned(),
            object: Place::new("ConfigMap", Some(&mesh.root_namespace), "istio")
                .field("outboundTrafficPolicy.mode", mode.to_string()),
            evidence: Vec::new(),
            consequence: CONSEQUENCE.to_owned(),
            fix: fixes::fix(
                ShellCommand::new(["kubectl", "edit", "configmap/istio"]).in_namespace(&mesh.root_namespace),
                "set outboundTrafficPolicy.mode to REGISTRY_ONLY in `mesh`; calls to hosts without a ServiceEntry then fail",
            ),
        }),
    }
    let open = view.sidecars().filter(|sidecar| {
        let policy = sidecar.sidecar().and_then(|spec| spec.outbound_traffic_policy.as_ref());
        mesh.outbound == Some(OutboundMode::RegistryOnly)
            && policy.is_some_and(|policy| policy.mode == Some(SidecarOutboundTrafficPolicyMode::AllowAny))
    });
    findings.extend(open.map(|sidecar| Finding {
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
    }));
    if findings.is_empty() {
        CheckOutcome::Good(Some("REGISTRY_ONLY".to_owned()))
    } else {
        CheckOutcome::Bad(findings)
    }
}

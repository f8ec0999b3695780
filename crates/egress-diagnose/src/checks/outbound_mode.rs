//! EG017: sidecars refuse calls to hosts that nobody added.
//!
//! Reads the mesh configuration and Sidecars. Istio enforces nothing here: a pod that goes around its sidecar is no
//! matter of this check.

use egress_core::command::ShellCommand;
use egress_core::snapshot::OutboundMode;
use egress_istio::sidecar::SidecarOutboundTrafficPolicyMode;
use serde_json::json;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::view::View;

pub(super) const CHECK: Check = Check {
    code: Code(17),
    name: "sidecars refuse hosts that nobody added",
    level: Level::Warning,
    hop: Hop::Mesh,
    inputs: &[Input::Mesh, Input::Sidecars],
    docs: "\
## What it checks
`outboundTrafficPolicy.mode` of the mesh configuration, and the same field of every Sidecar.

## Why it matters
With `ALLOW_ANY`, Istio's default, a call to a host that nobody added leaves directly from the caller's node. So it does
with `ALLOW_ANY_DYNAMIC_DNS` (from Istio 1.31 on), where the sidecar resolves the name. With `REGISTRY_ONLY` it refuses. None of them is enforcement: a pod can go around its
sidecar, and only a NetworkPolicy or a firewall stops that.

## How to fix
Set the mode to `REGISTRY_ONLY` once every host that is needed was added.
",
    run: Run::Mesh(run),
};

const CONSEQUENCE: &str = "calls to hosts that nobody added leave directly from the caller's node";

fn run(view: &View<'_>) -> Outcome {
    let mesh = view.mesh();
    let mut findings = Vec::new();
    match mesh.outbound {
        None => {
            let why = view.unreadable("configmap/");
            return Outcome::Unreadable(why.unwrap_or_else(|| "the mesh configuration was not read".to_owned()));
        }
        Some(OutboundMode::RegistryOnly) => {}
        Some(mode @ (OutboundMode::AllowAny | OutboundMode::AllowAnyDynamicDns)) => findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: "sidecars let calls to unknown hosts leave".to_owned(),
            object: Place::new("ConfigMap", Some(&mesh.root_namespace), "istio")
                .field("outboundTrafficPolicy.mode", mode.to_string()),
            evidence: Vec::new(),
            consequence: CONSEQUENCE.to_owned(),
            fix: fixes::fix(
                ShellCommand::new(["kubectl", "edit", "configmap/istio"]).in_namespace(&mesh.root_namespace),
                "set outboundTrafficPolicy.mode to REGISTRY_ONLY in `mesh`; hosts that were not added stop working",
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
        message: format!("sidecars of namespace {} let calls to unknown hosts leave", sidecar.id.namespace),
        object: Place::of(&sidecar.id).field("spec.outboundTrafficPolicy.mode", "ALLOW_ANY"),
        evidence: Vec::new(),
        consequence: CONSEQUENCE.to_owned(),
        fix: fixes::merge(
            &sidecar.id,
            &json!({ "outboundTrafficPolicy": { "mode": "REGISTRY_ONLY" } }),
            "hosts that were not added stop working in that namespace",
        ),
    }));
    if findings.is_empty() { Outcome::Good(Some("REGISTRY_ONLY".to_owned())) } else { Outcome::Bad(findings) }
}

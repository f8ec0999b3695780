//! EG079: the gateway's Envoys take what istiod sends.

use egress_core::command::ShellCommand;
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::evidence::PodName;
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::proxies::Seen;
use crate::view::View;

pub(super) const CHECK: Check = Check {
    code: Code(79),
    name: "the gateway's Envoys take what istiod sends",
    level: Level::Error,
    hop: Hop::GatewayProxies,
    inputs: &[Input::Gateways, Input::GatewayProxies, Input::ControlPlane],
    docs: "\
## What it checks
Every ready pod of the gateway: whether its Envoy refused a listener that istiod sent (`error_state` of the listener, and
what istiod heard from it), and whether it is connected to istiod.

## Why it matters
Envoy keeps what it had before, whole: no later change to that listener arrives, for any host, and a pod that restarts has
no such listener at all. Objects look right all the while. `istioctl analyze` does not see it.

## How to fix
The reason that Envoy gives names what it does not accept: mostly an `EnvoyFilter`, or two Gateway objects on one port.
Without a connection, open port 15012 from the gateway's namespace to istiod.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> Outcome {
    let mut seen = Seen::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        let envoy = match envoy {
            Err(why) => {
                seen.unreadable(why);
                continue;
            }
            Ok(envoy) => envoy,
        };
        let told = view.refused_by(&pod);
        let refused: Vec<&str> = envoy.rejected.iter().map(|refused| refused.name.as_str()).collect();
        let finding = if !refused.is_empty() || !told.is_empty() {
            let reasons = envoy.rejected.iter();
            let reasons = reasons
                .map(|refused| format!("Envoy of pod {}: {}: {}", pod.name, refused.name, refused.reason));
            let what = if refused.is_empty() { "a part".to_owned() } else { refused.join(", ") };
            Some(finding(
                &pod,
                format!("the gateway's Envoys refuse {what} of what istiod sends"),
                reasons.chain(told).collect(),
                "no change of it arrives any more, for any host; a pod that restarts lacks it",
            ))
        } else if envoy.connected == Some(false) {
            Some(finding(
                &pod,
                "the gateway's Envoys have no connection to istiod".to_owned(),
                vec![format!("Envoy of pod {}: control_plane.connected_state is 0", pod.name)],
                "no change arrives any more: hosts that are added do not work, and removed ones stay open",
            ))
        } else {
            None
        };
        seen.looked(finding);
    }
    seen.outcome()
}

fn finding(pod: &PodName, message: String, evidence: Vec<String>, consequence: &str) -> Finding {
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence,
        consequence: consequence.to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["istioctl", "proxy-status"]).word(fixes::of_pod(pod)),
            "shows what istiod sent and what Envoy took; then correct what the reason names",
        ),
    }
}

//! EG079: the gateway's Envoys accept istiod's configuration.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;

use crate::facts::PodName;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::EnvoyResults;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(79),
    name: "the gateway's Envoys accept istiod's configuration",
    level: Level::Error,
    segment: PathSegment::GatewayProxies,
    inputs: &[Input::Gateways, Input::GatewayProxies, Input::ControlPlane],
    beside_the_walk: "It reads the gateway's Envoys: whether they accept what istiod sends is in no object.",
    docs: "\
## What it checks
Every ready gateway pod: its Envoy rejected no listener from istiod (`error_state` of the listener, and istiod's own
record), and it is connected to istiod.

## Why it matters
Envoy keeps the whole old listener: no later change to it arrives, for any host. A pod that restarts does not have the
listener at all. The objects look right all the time, and `istioctl analyze` does not see it.

## How to fix
Envoy's message names what it rejects: usually an `EnvoyFilter`, or two Gateway objects on one port. If the connection
is missing, open port 15012 from the gateway's namespace to istiod.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let mut seen = EnvoyResults::default();
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
                format!("the gateway's Envoys reject {what} of istiod's configuration"),
                reasons.chain(told).collect(),
                "changes to it no longer arrive, for any host; a restarted pod does not have it",
            ))
        } else if envoy.connected == Some(false) {
            Some(finding(
                &pod,
                "the gateway's Envoys have no connection to istiod".to_owned(),
                vec![format!("Envoy of pod {}: control_plane.connected_state is 0", pod.name)],
                "changes no longer arrive: new hosts do not work, and removed hosts stay open",
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
            "shows what istiod sent and what Envoy accepted; then correct the object that the message names",
        ),
    }
}

//! EG082: the certificates that the gateway's Envoys show of themselves hold.

use egress_core::command::ShellCommand;
use egress_core::proxy::certificates::Certificate;
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::evidence::PodName;
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::proxies::Seen;
use crate::view::View;

pub(super) const CHECK: Check = Check {
    code: Code(82),
    name: "the certificates of the gateway's Envoys hold",
    level: Level::Error,
    hop: Hop::GatewayProxies,
    inputs: &[Input::Gateways, Input::GatewayProxies],
    docs: "\
## What it checks
Every ready pod of the gateway: until when the certificates hold that its Envoy shows (`/certs` of its admin port), by the
clock of the pod. Its own one of the mesh, and those of Secrets by which it opens TLS to hosts. One that has ended is an
error. A warning is for less than a fifth of its time and less than two weeks: istio-agent asks for the next one after half
of the time (`SECRET_GRACE_PERIOD_RATIO`), and cert-manager after two thirds, so that somebody should have brought it.

## Why it matters
Callers and hosts refuse a certificate that has ended: every call by it fails in the handshake, 503 or reset, at one moment
and for all hosts.

## How to fix
For the gateway's own one find out why istiod does not sign: its log, and the agent's log in the pod. A new pod asks anew.
For one of a Secret put the next certificate into the Secret.
",
    run: Run::Gateway(run),
};

/// Seconds before the end, from which on a certificate is told.
const SOON: i64 = 14 * 24 * 60 * 60;

fn run(view: &View<'_>, gateway: &GatewayFacts) -> Outcome {
    let mut seen = Seen::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        match envoy.map(|envoy| envoy.certificates.as_ref()) {
            Err(why) => seen.unreadable(why),
            Ok(None) => seen.nobody(format!("Envoy of pod {} does not tell of its certificates", pod.name)),
            // The one that ends first comes first.
            Ok(Some(all)) => {
                let due = all.iter().filter(|certificate| is_due(certificate));
                seen.looked(
                    due.min_by_key(|found| found.remaining_seconds).map(|found| finding(&pod, found)),
                );
            }
        }
    }
    seen.outcome()
}

fn is_due(certificate: &Certificate) -> bool {
    let remaining = certificate.remaining_seconds;
    remaining <= 0 || (remaining < SOON && remaining < certificate.issued_seconds / 5)
}

fn finding(pod: &PodName, certificate: &Certificate) -> Finding {
    let Certificate { name, remaining_seconds, issued_seconds } = certificate;
    let has_ended = *remaining_seconds <= 0;
    let state = if has_ended { "has ended" } else { "was not renewed in time" };
    let ends = if has_ended {
        format!("ended {} ago", span(-remaining_seconds))
    } else {
        format!("ends in {}", span(*remaining_seconds))
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if has_ended { Level::Error } else { Level::Warning },
        message: format!("the certificate {name} of the gateway {state}"),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![format!(
            "Envoy of pod {}: it was issued for {} and {ends}",
            pod.name,
            span(*issued_seconds)
        )],
        consequence: if has_ended {
            "calls by it fail in the handshake: 503 or reset".to_owned()
        } else {
            "calls by it fail in the handshake from then on".to_owned()
        },
        fix: fixes::fix(
            ShellCommand::new(["istioctl", "proxy-config", "secret"]).word(fixes::of_pod(pod)),
            "shows where it came from; then see in the logs of istiod and of the pod why no other one came",
        ),
    }
}

/// A time in the largest unit of which it has two.
fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(24 * 60 * 60, "days"), (60 * 60, "hours"), (60, "minutes")];
    let unit = UNITS.iter().find(|(length, _)| seconds >= 2 * length);
    unit.map_or_else(|| format!("{seconds} seconds"), |(length, unit)| format!("{} {unit}", seconds / length))
}

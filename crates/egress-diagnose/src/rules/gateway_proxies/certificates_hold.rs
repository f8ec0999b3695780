//! EG082: no certificate of the gateway is expired or about to expire.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::proxy::certificates::Certificate;
use egress_core::snapshot::GatewayFacts;

use crate::facts::PodName;
use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::EnvoyResults;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(82),
    name: "no certificate of the gateway is expired or about to expire",
    level: Level::Error,
    segment: PathSegment::GatewayProxies,
    inputs: &[Input::Gateways, Input::GatewayProxies],
    beside_the_walk: "It warns of what will come: calls pass until a certificate expires.",
    docs: "\
## What it checks
Every ready pod of the gateway: the expiry of the certificates that its Envoy shows (`/certs` of its admin port), by
the pod's clock. These are its own mesh certificate and the certificates of Secrets for TLS origination. Expired is an
error. Less than a fifth of the lifetime and less than two weeks left is a warning: istio-agent renews after half of
the lifetime (`SECRET_GRACE_PERIOD_RATIO`), cert-manager after two thirds, so the renewal is late.

## Why it matters
Callers and hosts refuse an expired certificate. Every call that uses it fails in the handshake with 503 or a reset,
for all hosts at the same moment.

## How to fix
For the mesh certificate, find out why istiod does not sign: see istiod's log and the agent's log in the pod. A new
pod requests a new certificate. For a Secret, put the new certificate into the Secret.
",
    run: Run::Gateway(run),
};

/// A certificate is reported if it expires in less than this many seconds.
const SOON: i64 = 14 * 24 * 60 * 60;

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let mut seen = EnvoyResults::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        match envoy.map(|envoy| envoy.certificates.as_ref()) {
            Err(why) => seen.unreadable(why),
            Ok(None) => seen.awaits(Awaited::Certificates { pod: pod.name }),
            Ok(Some(all)) if all.is_empty() => seen.awaits(Awaited::Certificates { pod: pod.name }),
            // The certificate that expires first comes first.
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
    let state = if has_ended { "has expired" } else { "was not renewed in time" };
    let ends = if has_ended {
        format!("expired {} ago", span(-remaining_seconds))
    } else {
        format!("expires in {}", span(*remaining_seconds))
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if has_ended { Level::Error } else { Level::Warning },
        message: format!("certificate {name} of the gateway {state}"),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![format!(
            "Envoy of pod {}: it was issued for {} and {ends}",
            pod.name,
            span(*issued_seconds)
        )],
        consequence: if has_ended {
            "calls that use it fail in the handshake: 503 or reset".to_owned()
        } else {
            "calls that use it will then fail in the handshake".to_owned()
        },
        fix: fixes::fix(
            ShellCommand::new(["istioctl", "proxy-config", "secret"]).word(fixes::of_pod(pod)),
            "shows its source; then find in the logs of istiod and of the pod why it was not renewed",
        ),
    }
}

/// A time in the largest unit that it contains at least twice.
fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(24 * 60 * 60, "days"), (60 * 60, "hours"), (60, "minutes")];
    let unit = UNITS.iter().find(|(length, _)| seconds >= 2 * length);
    unit.map_or_else(|| format!("{seconds} seconds"), |(length, unit)| format!("{} {unit}", seconds / length))
}

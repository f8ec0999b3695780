//! EG052: TLS origination applies only to the gateway's own traffic.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::client_tls::ClientTls;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::to_gateway;
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(52),
    name: "TLS origination applies only to the gateway's own traffic",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::VirtualServices,
        Input::GatewayObjects,
        Input::ServiceEntries,
        Input::DestinationRules,
        Input::Pods,
    ],
    beside_the_walk: "A followed call ends at the host. That the host gets TLS in TLS is not simulated.",
    docs: "\
## What it checks
The gateway's DestinationRule for TLS origination: its port does not also carry TLS from the application, and if it
names files, sidecars do not see it.

## Why it matters
Such a port wraps everything in TLS, even TLS from the application: the host gets TLS in TLS and answers with an error
(`WRONG_VERSION_NUMBER`, istio/istio#37348, istio/istio#23740). And every proxy that sees a DestinationRule with files
reads it: sidecars do not have the files, and wait for them forever (istio/istio#33318, istio/istio#20856).

## How to fix
Originate TLS on a separate port: `80` with `targetPort: 443` for HTTP from the application, beside `443` for its TLS.
Export the DestinationRule only to the gateway's namespace.
",
    run: Run::PathThroughGateway(run),
};

/// With this annotation a pod mounts files into its sidecar.
const MOUNT: &str = "sidecar.istio.io/userVolumeMount";

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let wraps_tls = to_gateway(view, path, gateway).iter().any(|route| route.protocol == Protocol::Tls);
    let twice = |upstream: &&Upstream<'_>| wraps_tls && upstream.route.protocol == Protocol::Tls;
    let mut findings: Vec<Finding> =
        found.iter().filter(twice).filter_map(|upstream| wrapped_twice(path, upstream, &found)).collect();
    for upstream in &found {
        findings.extend(files_at_sidecars(view, path, gateway, upstream));
    }
    // Two destinations may share one rule.
    findings.dedup_by(|left, right| left.object == right.object && left.message == right.message);
    CheckOutcome::of(found.iter().filter(|upstream| upstream.originates_tls()).count(), findings)
}

fn wrapped_twice(path: &EgressPath<'_>, upstream: &Upstream<'_>, all: &[Upstream<'_>]) -> Option<Finding> {
    let tls = upstream.tls.as_ref().filter(|tls| tls.originates())?;
    let number = upstream.port.number;
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("TLS from applications to {} is wrapped in TLS again", path.host),
        object: Place::of(&tls.rule.id).field(format!("{}.mode", tls.field), tls.mode_word()),
        evidence: vec![format!(
            "{} sends the application's TLS to port {number} in {}",
            upstream.route.resource.id, upstream.route.field
        )],
        consequence: format!("TLS calls to {} fail: the host gets TLS in TLS", path.host),
        fix: on_a_port_of_its_own(tls, upstream, all),
    })
}

/// Moves the gateway's TLS origination to the port that applications use for HTTP, if one of them needs it.
fn on_a_port_of_its_own(tls: &ClientTls<'_>, upstream: &Upstream<'_>, all: &[Upstream<'_>]) -> Fix {
    let number = upstream.port.number;
    let plain = all.iter().find(|other| {
        other.route.protocol == Protocol::Http
            && other.entry.id == upstream.entry.id
            && other.place == upstream.place
    });
    let ports = upstream.spec.ports.iter().flatten().enumerate();
    let http = ports.into_iter().find(|(_, port)| port.protocol.as_deref() == Some("HTTP"));
    let settings = tls.field.strip_suffix(".tls").filter(|place| place.ends_with(']'));
    let (Some(plain), Some((place, http)), Some(settings)) = (plain, http, settings) else {
        return fixes::set(
            &tls.rule.id,
            &tls.field,
            &json!({ "mode": "DISABLE" }),
            "leaves the application's TLS unchanged",
        );
    };
    let why = "originates TLS only on the port for HTTP, and leaves the other port unchanged";
    let entry =
        fixes::set(&upstream.entry.id, &format!("spec.ports[{place}].targetPort"), &json!(number), why);
    let rule = fixes::set(&tls.rule.id, &format!("{settings}.port.number"), &json!(http.number), why);
    let field = format!("{}.port.number", plain.route.field);
    let route = fixes::set(&plain.route.resource.id, &field, &json!(http.number), why);
    fixes::one_after_the_other(entry, [rule, route], why)
}

fn files_at_sidecars(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    upstream: &Upstream<'_>,
) -> Option<Finding> {
    let number = u16::try_from(upstream.port.number).ok()?;
    let (caller, tls, file) = path.callers.iter().find_map(|caller| {
        view.entries_seen_from(caller, upstream.route.host).first()?;
        let rules = view.rules_for(caller, upstream.route.host, &upstream.entry.id.namespace);
        let tls = rules.tls(upstream.route.subset, number).filter(ClientTls::originates)?;
        let file = file_of(&tls)?.to_owned();
        let mounted = view.pods(caller).iter().any(|pod| pod.annotations.contains_key(MOUNT));
        (!mounted).then_some((caller, tls, file))
    })?;
    let namespace = &gateway.name.namespace;
    let words = if tls.rule.id.namespace == *namespace { "." } else { namespace };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: Level::Warning,
        message: format!("sidecars of {caller} see TLS origination with a file that only the gateway has"),
        object: Place::of(&tls.rule.id).field(tls.field.clone(), file),
        evidence: vec![Place::export_to(tls.rule).to_string()],
        consequence: format!(
            "sidecars of {caller} wait for the file forever, and their direct calls to {} fail",
            path.host
        ),
        fix: fixes::merge(
            &tls.rule.id,
            &json!({ "exportTo": [words] }),
            "exports the rule only to the gateway",
        ),
    })
}

/// A file that a proxy's image may lack.
fn file_of<'a>(tls: &ClientTls<'a>) -> Option<&'a str> {
    let everywhere =
        |file: &&str| *file == "system" || file.starts_with("/etc/ssl/") || file.starts_with("/etc/pki/");
    let authority = tls.ca_certificates.filter(|file| !everywhere(file));
    tls.client_certificate.or(authority).filter(|_| tls.credential_name.is_none())
}

//! EG059: the gateway originates TLS where the host requires it.

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::client_tls::{DestinationRules, Mode};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;
use crate::wording::export_to;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(59),
    name: "the gateway originates TLS where the host requires it",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "A followed call ends at the host. What a TLS port answers to plaintext is not simulated.",
    docs: "\
## What it checks
HTTP routes at the gateway to a TLS port: one declared `HTTPS` or `TLS`, or one that connects to port 443. A
DestinationRule that applies to the gateway's pods originates TLS there.

## Why it matters
A gateway forwards HTTP as HTTP, unless a DestinationRule says otherwise. A TLS server answers 400, \"the plain HTTP
request was sent to HTTPS port\", or resets. DestinationRules of the gateway's namespace, the ServiceEntry's namespace
and the root namespace apply; sidecars of other namespaces see others (istio/istio#31738, istio/istio#25253).

## How to fix
Write a DestinationRule that originates TLS on the port (`mode: SIMPLE`), or export the existing one to the gateway's
namespace.
",
    run: Run::PathThroughGateway(run),
};

/// The well-known port for HTTPS.
const HTTPS: i64 = 443;

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let http = found.iter().filter(|upstream| upstream.route.protocol == Protocol::Http).count();
    CheckOutcome::of(
        http,
        found.iter().filter_map(|upstream| finding(view, path, gateway, upstream)).collect(),
    )
}

fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    upstream: &Upstream<'_>,
) -> Option<Finding> {
    let silent = upstream.tls.as_ref().is_none_or(|tls| tls.mode == Mode::Disable);
    if !silent || upstream.route.protocol != Protocol::Http {
        return None;
    }
    let declared = matches!(upstream.protocol().as_str(), "HTTPS" | "TLS");
    if !declared && !dials_https(view, path, upstream) {
        return None;
    }
    let number = upstream.port.number;
    let hidden = hidden(view, upstream);
    // Without the subset there is no cluster, and nothing is sent: EG100 tells that.
    let rules = view.rules_for(&gateway.name.namespace, upstream.route.host, &upstream.entry.id.namespace);
    if hidden.is_none() && !rules.has(upstream.route.subset) {
        return None;
    }
    let near = hidden.filter(|rule| {
        let owner = &rule.id.namespace;
        let words = rule.destination_rule().and_then(|spec| spec.export_to.as_ref());
        words.is_some_and(|words| !words.is_empty())
            && (*owner == upstream.entry.id.namespace || *owner == gateway.name.namespace)
    });
    let namespace = &gateway.name.namespace;
    let place = &upstream.place;
    let (field, value) = if declared {
        (format!("spec.ports[{place}].protocol"), upstream.protocol())
    } else {
        (format!("spec.ports[{place}]"), format!("port {}", upstream.dialled()))
    };
    Some(Finding {
        code: CHECK.code,
        confidence: if declared { Confidence::Certain } else { Confidence::Inferred },
        level: CHECK.level,
        message: format!("the gateway sends plain HTTP to a TLS port of {}", path.host),
        object: Place::of(&upstream.entry.id).field(field, value),
        evidence: vec![
            format!("{} sends HTTP there in {}", upstream.route.resource.id, upstream.route.field),
            match hidden {
                Some(rule) => format!(
                    "{} originates TLS, but does not apply to {namespace}: exportTo is `{}`",
                    rule.id,
                    export_to(rule).join(", ")
                ),
                None => {
                    format!("no DestinationRule that applies to {namespace} originates TLS on port {number}")
                }
            },
        ],
        consequence: format!(
            "HTTP calls to {} get 400 from the host, or 502 if it closes the connection",
            path.host
        ),
        fix: match near {
            Some(rule) if upstream.tls.is_none() => {
                fixes::export(view, rule, namespace, "makes it apply to the gateway")
            }
            _ => fixes::open_tls(view, gateway, upstream, &path.host, "originates TLS at the gateway"),
        },
    })
}

/// Whether a route sends HTTP to port 443. If callers use the same port, EG057 reports its protocol.
fn dials_https(view: &View<'_>, path: &EgressPath<'_>, upstream: &Upstream<'_>) -> bool {
    let shared = |caller: &String| {
        let entries = view.entries_seen_from(caller, &path.host);
        entries.first().is_some_and(|entry| entry.id == upstream.entry.id)
    };
    upstream.dialled() == HTTPS && (upstream.port.number != HTTPS || !path.callers.iter().any(shared))
}

/// A rule that originates TLS to the destination, but that the gateway does not see.
fn hidden<'a>(view: &View<'a>, upstream: &Upstream<'_>) -> Option<&'a Resource> {
    let number = u16::try_from(upstream.port.number).ok()?;
    let opens = |rule: &&Resource| {
        DestinationRules::new(vec![*rule])
            .tls(upstream.route.subset, number)
            .is_some_and(|tls| tls.originates())
    };
    view.index().destination_rules(upstream.route.host).into_iter().find(opens)
}

//! EG002: the gateway's Service has ports 80 and 443.

use egress_core::command::{ShellCommand, Word};
use egress_core::dialect::{HTTP_HOP, TLS_HOP};
use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(2),
    name: "the gateway's Service has ports 80 and 443",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways],
    docs: "\
## What it checks
The gateway's Service has port 80 for HTTP and port 443 for TLS, and each leads to a port of the pods.

## Why it matters
A route to a missing Service port fails with 503, and a Gateway server on that port gets no listener. It is an error
if a host uses the port, and a warning if none does yet.

## How to fix
Add the port to the Service, with the target port that the gateway listens on: 8080 and 8443 in Istio's charts.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    if gateway.assumed {
        let why = view.unreadable(Input::Services);
        return CheckOutcome::Unreadable(why.unwrap_or_else(|| "the gateway could not be read".to_owned()));
    }
    let lacking = [(Protocol::Http, "http2", HTTP_HOP, 8080), (Protocol::Tls, "https", TLS_HOP, 8443)]
        .into_iter()
        .filter(|(_, _, number, _)| gateway.port(*number).is_none_or(|port| port.target.is_none()));
    let ports: Vec<String> = gateway.ports.iter().map(|port| port.number.to_string()).collect();
    let name = &gateway.name;
    let findings = lacking.map(|(protocol, port, number, target)| Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if is_used(view, gateway, protocol) { Level::Error } else { Level::Warning },
        message: format!("the Service has no usable port {number}"),
        object: Place::new("Service", Some(&name.namespace), &name.service)
            .field("spec.ports", ports.join(", ")),
        evidence: match gateway.port(number) {
            Some(_) => vec![format!("targetPort of port {number} names no container port")],
            None => Vec::new(),
        },
        consequence: match protocol {
            Protocol::Http => "HTTP calls through this gateway get 503".to_owned(),
            Protocol::Tls => "TLS calls through this gateway are reset".to_owned(),
        },
        fix: {
            let entry = json!({ "name": port, "port": number, "targetPort": target });
            let patch = ShellCommand::new(["kubectl", "patch"]).object("service", &name.service);
            let patch = patch.in_namespace(&name.namespace).word("-p");
            let patch = patch.word(Word::json(&json!({ "spec": { "ports": [entry] } })));
            fixes::fix(patch, "sets the port as Istio's charts do")
        },
    });
    CheckOutcome::of(1, findings.collect())
}

/// Whether a host's traffic uses the port of this protocol.
fn is_used(view: &View<'_>, gateway: &GatewayFacts, protocol: Protocol) -> bool {
    let mut here = view.egresses().iter().filter(|egress| egress.gateway.as_ref() == Some(&gateway.name));
    here.any(|egress| {
        let record = egress.readable_record();
        record.is_none_or(|record| record.intent.ports.iter().any(|port| port.protocol == protocol))
    })
}

//! EG010: all ServiceEntries of the host agree on port protocols.

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_istio::service_entry::ServiceEntryPorts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(10),
    name: "all ServiceEntries of the host agree on port protocols",
    level: Level::Error,
    segment: PathSegment::ToGateway,
    inputs: &[Input::ServiceEntries],
    docs: "\
## What it checks
All ServiceEntries of the host that the callers see: if two of them declare a port, its protocol is the same.

## Why it matters
A sidecar takes the ports of the first ServiceEntry; one in its own namespace comes first. If that one says `HTTP` and
the routes are for TLS, or the reverse, the routes have no effect: calls fail, or bypass the gateway. `istioctl
analyze` reports it as IST0177.

## How to fix
Correct the protocol in the other ServiceEntry, or remove the port from it.
",
    run: Run::Path(run),
};

/// How a sidecar handles a protocol. `Parse` in `pkg/config/protocol/instance.go`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Http,
    Tls,
    Tcp,
}

/// A port of an entry.
struct Declared<'a> {
    entry: &'a Resource,
    place: usize,
    port: &'a ServiceEntryPorts,
}

impl Declared<'_> {
    fn protocol(&self) -> &str {
        self.port.protocol.as_deref().unwrap_or("TCP")
    }

    fn family(&self) -> Family {
        match self.protocol().to_ascii_uppercase().as_str() {
            "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => Family::Http,
            "HTTPS" | "TLS" => Family::Tls,
            _ => Family::Tcp,
        }
    }
}

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let mut findings: Vec<Finding> = Vec::new();
    let mut entries = 0;
    for caller in &path.callers {
        let seen = view.entries_seen_from(caller, &path.host);
        entries += seen.len();
        let ports: Vec<Declared<'_>> = seen.into_iter().flat_map(declared).collect();
        for (number, first) in ports.iter().enumerate() {
            let others = ports.iter().skip(number + 1);
            let conflicts = others
                .filter(|other| other.port.number == first.port.number && other.family() != first.family());
            for other in conflicts {
                let finding = finding(path, caller, first, other);
                if !findings.iter().any(|known| known.object == finding.object) {
                    findings.push(finding);
                }
            }
        }
    }
    CheckOutcome::of(entries, findings)
}

fn declared(entry: &Resource) -> impl Iterator<Item = Declared<'_>> {
    let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    ports.iter().enumerate().map(move |(place, port)| Declared { entry, place, port })
}

/// Assumes that the egress's own entry is right; without one, the first entry.
fn finding(path: &EgressPath<'_>, caller: &str, first: &Declared<'_>, other: &Declared<'_>) -> Finding {
    let first_is_wrong = path.owns(&other.entry.id) && !path.owns(&first.entry.id);
    let (right, wrong) = if first_is_wrong { (other, first) } else { (first, other) };
    let number = right.port.number;
    let place = |declared: &Declared<'_>| {
        Place::of(&declared.entry.id)
            .field(format!("spec.ports[{}].protocol", declared.place), declared.protocol())
    };
    let operation = json!({
        "op": "add", "path": format!("/spec/ports/{}/protocol", wrong.place), "value": right.protocol(),
    });
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if first_is_wrong { Level::Error } else { Level::Warning },
        message: format!("two ServiceEntries of {} declare different protocols for port {number}", path.host),
        object: place(wrong),
        evidence: vec![
            place(right).to_string(),
            format!("sidecars of {caller} take {} first", first.entry.id),
        ],
        consequence: if first_is_wrong {
            format!("calls from {caller} to {}:{number} are not routed to the gateway", path.host)
        } else {
            format!("only age and namespace decide which protocol {}:{number} has", path.host)
        },
        fix: fixes::patch(&wrong.entry.id, &operation, "gives both the same protocol"),
    }
}

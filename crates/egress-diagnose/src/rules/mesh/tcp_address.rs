//! EG011: TCP hosts have an address.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_istio::service_entry::{ServiceEntryLocation, ServiceEntryPorts, ServiceEntrySpec};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::export_to;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(11),
    name: "TCP hosts have an address",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::ServiceEntries, Input::Mesh, Input::Gateways],
    beside_the_walk: "A call to this host passes. What fails are calls to other hosts on the same port, which no object \
                      names.",
    docs: "\
## What it checks
External ServiceEntries with a TCP port: each has `addresses`, or sidecars capture DNS and allocate one
(`ISTIO_META_DNS_CAPTURE`).

## Why it matters
A TCP connection contains no host name. Without an address the sidecar listens on that port of all addresses. Every
TCP connection to that port, whatever its destination, then goes to this one host, from every namespace that sees the
ServiceEntry (istio/istio#24937, istio/istio#39463).

## How to fix
Give the ServiceEntry the host's addresses. If they change often, let sidecars capture DNS, and export the
ServiceEntry only to namespaces that need it.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    view.note(Input::ServiceEntries);
    let captured =
        view.mesh().proxy_metadata.get("ISTIO_META_DNS_CAPTURE").is_some_and(|value| value == "true");
    let entries = view.index().of_kind(Kind::ServiceEntry).iter().copied();
    let gateways = view.gateways();
    let outside = entries
        .filter_map(|entry| Some((entry, entry.service_entry()?)))
        .filter(|(_, spec)| spec.location != Some(ServiceEntryLocation::MeshInternal));
    let tcp: Vec<(&Resource, &ServiceEntrySpec, &ServiceEntryPorts)> = outside
        .filter_map(|(entry, spec)| {
            Some((entry, spec, spec.ports.iter().flatten().find(|port| is_tcp(port))?))
        })
        .collect();
    let looked_at = tcp.len();
    let wrong = tcp.into_iter().filter(|(entry, spec, _)| {
        !captured
            && spec.addresses.as_ref().is_none_or(Vec::is_empty)
            // An entry that only gateways see adds no listener to a sidecar.
            && export_to(entry).iter().any(|word| !gateways.iter().any(|gateway| gateway.name.namespace == *word))
    });
    CheckOutcome::of(looked_at, wrong.map(|(entry, spec, port)| finding(entry, spec, port)).collect())
}

/// A protocol without a host name in it. Without a declared protocol, Envoy inspects the first bytes.
fn is_tcp(port: &ServiceEntryPorts) -> bool {
    let protocol = port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
    matches!(protocol.as_str(), "TCP" | "MONGO" | "MYSQL" | "REDIS")
}

fn finding(entry: &Resource, spec: &ServiceEntrySpec, port: &ServiceEntryPorts) -> Finding {
    let number = port.number;
    let hosts = spec.hosts.join(", ");
    let seen = export_to(entry).join(", ");
    let endpoints = spec.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.clone());
    let addresses: Vec<String> =
        endpoints.filter(|address| address.parse::<std::net::IpAddr>().is_ok()).collect();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{hosts} has a TCP port, but no address"),
        object: Place::of(&entry.id).field("spec.addresses", "empty"),
        evidence: vec![
            format!("port {number} has protocol {}", port.protocol.as_deref().unwrap_or_default()),
            format!("spec.exportTo is `{seen}`"),
        ],
        consequence: format!(
            "every TCP connection to port {number} from namespaces that see the ServiceEntry goes to {hosts}, whatever its destination"
        ),
        fix: if addresses.is_empty() {
            fixes::fix(
                ShellCommand::new(["kubectl", "edit"])
                    .object(&entry.id.kind.qualified(), &entry.id.name)
                    .in_namespace(&entry.id.namespace),
                "set spec.addresses to the host's addresses, or let sidecars capture DNS; until then exportTo `.` limits it to its own namespace",
            )
        } else {
            fixes::merge(
                &entry.id,
                &json!({ "addresses": addresses }),
                "lets sidecars recognise its connections by address",
            )
        },
    }
}

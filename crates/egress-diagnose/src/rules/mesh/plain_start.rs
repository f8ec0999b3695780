//! EG099: no port whose protocol begins in plaintext is routed by SNI.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_istio::gateway::GatewayServersTlsMode;
use egress_istio::service_entry::{ServiceEntryLocation, ServiceEntryPorts};
use egress_istio::virtual_service::VirtualServiceTls;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::istio::waypoints::waypoint_of;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

mod as_tcp;
pub(in crate::rules) mod protocol;

use self::as_tcp::as_tcp;
use self::protocol::{PlainStart, is_tls, plain_start};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(99),
    name: "no port whose protocol begins in plaintext is routed by SNI",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::Mesh,
        Input::Namespaces,
        Input::ServiceEntries,
        Input::VirtualServices,
        Input::GatewayObjects,
    ],
    beside_the_walk: "EG100 leaves ports that begin in plaintext to this check: what a client sends first is in no object.",
    docs: "\
## What it checks
Ports of external hosts where the client's first bytes are no TLS, although the connection is encrypted later: PostgreSQL
(5432), MySQL (3306), SQL Server (1433), SMTP (25, 587), POP3 (110), IMAP (143), FTP (21), LDAP (389), and ports whose name
says one of these. Whether such a port is declared `TLS` or `HTTPS`, or a VirtualService routes it by `sniHosts`.

It is an error where a route asks for an SNI. It is certain where the server speaks first (MySQL, SMTP, POP3, IMAP, FTP):
no client of these sends a ClientHello. Of the others it is likely: PostgreSQL 17 knows `sslnegotiation=direct`, SQL
Server `Encrypt=strict`, and what a client uses is not known here; if all of them do, accept the finding. A port that is
declared TLS and has neither route nor address is a warning: with `ALLOW_ANY` its connections leave directly, with
`REGISTRY_ONLY` they are reset. Hosts with a waypoint are left out: ztunnel finds them by address.

## Why it matters
Istio tells hosts on a TLS port apart by the SNI in the first bytes. These clients begin with plaintext, or wait for the
server: no filter chain matches, and the connection is closed (`NR`, `server closed the connection unexpectedly`;
istio/istio#33345, istio/istio#58121).

## How to fix
Declare the port `TCP`, give the host an address (or let sidecars capture DNS), route it by `tcp` rules, and give it a port
of its own at the gateway, with a TCP server. Or let the clients begin with TLS.
",
    run: Run::Mesh(run),
};

/// A rule of a VirtualService for such a port that asks for an SNI.
struct RoutedBySni<'a> {
    resource: &'a Resource,
    place: usize,
    rule: &'a VirtualServiceTls,
}

fn run(view: &View<'_>) -> CheckOutcome {
    let mut homes = BTreeMap::new();
    for facts in view.labelled_namespaces().unwrap_or_default() {
        homes.insert(facts.name.as_str(), &facts.labels);
    }
    let captures =
        view.mesh().proxy_metadata.get("ISTIO_META_DNS_CAPTURE").is_some_and(|word| word == "true");
    let (mut looked, mut found) = (0, Vec::new());
    for entry in view.service_entries() {
        let Some(spec) = entry.service_entry() else { continue };
        let has_waypoint = waypoint_of(entry, homes.get(entry.id.namespace.as_str()).copied()).is_some();
        if has_waypoint || spec.location == Some(ServiceEntryLocation::MeshInternal) {
            continue;
        }
        for (place, port) in spec.ports.iter().flatten().enumerate() {
            let Some((protocol, by_number)) = plain_start(port, &spec.hosts) else { continue };
            looked += 1;
            let routed = routed_by_sni(view, &spec.hosts, port);
            let has_address = spec.addresses.as_ref().is_some_and(|all| !all.is_empty()) || captures;
            let level = match (routed.is_empty(), is_tls(port)) {
                (false, _) if by_number => Level::Error,
                (false, _) => Level::Warning,
                (true, true) if !has_address => Level::Warning,
                (true, _) => continue,
            };
            found.push(finding(view, (entry, place, port), protocol, &routed, level));
        }
    }
    CheckOutcome::of(looked, found)
}

/// The rules by SNI for a port of the hosts. A rule without a port is for the ports that are declared TLS.
fn routed_by_sni<'a>(view: &View<'a>, hosts: &[String], port: &ServiceEntryPorts) -> Vec<RoutedBySni<'a>> {
    let mut found: Vec<RoutedBySni<'a>> = Vec::new();
    for resource in hosts.iter().flat_map(|host| view.virtual_services(host)) {
        if found.iter().any(|known| known.resource.id == resource.id) {
            continue;
        }
        let rules = resource.virtual_service().and_then(|spec| spec.tls.as_deref()).unwrap_or_default();
        let concerns = |rule: &&VirtualServiceTls| {
            rule.r#match.iter().any(|found| {
                found.port.map_or(is_tls(port), |number| number == port.number)
                    && found.sni_hosts.iter().any(|sni| hosts.iter().any(|host| covers(sni, host)))
            })
        };
        let rules = rules.iter().enumerate().filter(|(_, rule)| concerns(rule));
        found.extend(rules.map(|(place, rule)| RoutedBySni { resource, place, rule }));
    }
    found
}

fn covers(pattern: &str, host: &str) -> bool {
    pattern == host || pattern.strip_prefix('*').is_some_and(|end| host.ends_with(end))
}

fn finding(
    view: &View<'_>,
    (entry, place, port): (&Resource, usize, &ServiceEntryPorts),
    protocol: PlainStart,
    routed: &[RoutedBySni<'_>],
    level: Level,
) -> Finding {
    let hosts = entry.service_entry().map(|spec| crate::wording::list(&spec.hosts)).unwrap_or_default();
    let declared = port.protocol.as_deref().unwrap_or_default();
    let mut evidence = vec![format!("{}: {}", protocol.name, protocol.begins)];
    for rule in routed {
        let sni: Vec<&String> = rule.rule.r#match.iter().flat_map(|found| &found.sni_hosts).collect();
        evidence.push(format!(
            "{}: spec.tls[{}] matches SNI {}",
            rule.resource.id,
            rule.place,
            crate::wording::list(&sni)
        ));
    }
    let servers = passthrough(view, routed, port.number);
    let mut known = servers
        .iter()
        .map(|(object, server)| format!("{}: spec.servers[{server}] passes through by SNI", object.id));
    evidence.extend(known.by_ref().take(2));
    let object = Place::of(&entry.id).field(format!("spec.ports[{place}].protocol"), declared);
    let object = match routed.first().filter(|_| !is_tls(port)) {
        Some(rule) => {
            Place { field: Some(format!("spec.tls[{}]", rule.place)), ..Place::of(&rule.resource.id) }
        }
        None => object,
    };
    let confidence = if protocol.server_first && level == Level::Error {
        Confidence::Certain
    } else {
        Confidence::Inferred
    };
    let consequence = if routed.is_empty() {
        format!(
            "connections to {hosts}:{} match no filter chain: they leave directly, or with REGISTRY_ONLY are reset",
            port.number
        )
    } else {
        format!("connections to {hosts}:{} send no SNI: no route matches, and Envoy closes them", port.number)
    };
    Finding {
        code: CHECK.code,
        confidence,
        level,
        message: format!(
            "{} on port {} of {hosts} begins without TLS, and Istio waits for an SNI",
            protocol.name, port.number
        ),
        object,
        evidence,
        consequence,
        fix: as_tcp((entry, place, port), routed, &servers),
    }
}

/// The servers that pass connections on by SNI, behind the rules of a port.
fn passthrough<'a>(view: &View<'a>, routed: &[RoutedBySni<'_>], port: i64) -> Vec<(&'a Resource, usize)> {
    let mut found: Vec<(&'a Resource, usize)> = Vec::new();
    for object in view.gateway_objects() {
        let full = format!("{}/{}", object.id.namespace, object.id.name);
        let is_bound = routed.iter().any(|rule| {
            let gateways = rule.resource.virtual_service().and_then(|spec| spec.gateways.as_deref());
            gateways.unwrap_or_default().iter().any(|name| {
                *name == full
                    || (*name == object.id.name && rule.resource.id.namespace == object.id.namespace)
            })
        });
        let servers = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
        let by_sni = servers.iter().enumerate().filter(|(_, server)| {
            let mode = server.tls.as_ref().and_then(|tls| tls.mode.as_ref());
            is_bound && server.port.number == port && mode == Some(&GatewayServersTlsMode::Passthrough)
        });
        found.extend(by_sni.map(|(place, _)| (object, place)));
    }
    found
}

//! EG014: every ServiceEntry of the host has a route to the gateway.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::inventory::State;
use egress_core::port::{Port, Protocol};
use egress_core::resource::Resource;
use egress_core::role::Role;
use egress_core::snapshot::{GatewayFacts, PodFacts};
use egress_core::visibility::virtual_service::serves_mesh;
use serde_json::json;

use super::name_kept::is_for_another;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::client_tls::ClientTls;
use crate::kubernetes::network_policy::{EgressVerdict, egress_verdict};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::traffic::direct_calls::leave_directly;
use crate::traffic::routed_call::can_be_computed;
use crate::traffic::routes::to_gateway;
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;
use crate::wording::{calling_namespaces, export_to, list, some_of};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(14),
    name: "every ServiceEntry of the host has a route to the gateway",
    level: Level::Error,
    segment: PathSegment::Objects,
    inputs: &followed_and::<1, 11>([Input::NetworkPolicies]),
    beside_the_walk: "Calls are followed on the routes to a gateway. This check looks for callers and ports that have no \
                      such route.",
    docs: "\
## What it checks
Every ServiceEntry of the host: namespaces that see it also see a route that sends the host to a gateway.

## Why it matters
A ServiceEntry makes a host known to sidecars. Without a route to a gateway, calls leave directly from the caller's
node, even with `REGISTRY_ONLY`. For the callers of this egress that is an error. For other namespaces, or for a port
that the routes do not cover, it is a warning: the egress works, but some calls bypass the gateway. It is also a
warning if nobody ever asked for a gateway for this host: in a mesh with an egress gateway, the ServiceEntry is a
bypass. Not reported are forward proxies, and ports that NetworkPolicies close for all pods of the callers.

A port with TLS origination at the gateway is not reported if the callers' sidecars see the same DestinationRule, as
in Istio's task \"Egress Gateways with TLS Origination\": TLS from an application is then wrapped in TLS again and
fails. If only the gateway sees the DestinationRule, such calls do leave directly.

## How to fix
Add the host in the caller namespace, or export the ServiceEntry only to namespaces that need it.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let entries = view.entries(&path.host);
    if entries.is_empty() && path.egress.is_none() {
        return CheckOutcome::NotApplicable;
    }
    // If only a ServiceEntry makes a host known, its callers are the namespaces without a route to a gateway.
    let routed = |viewer: &str| path.is_wanted && !view.mesh_routes_seen_from(viewer, &path.host).is_empty();
    let mut findings = Vec::new();
    // EG034, EG039 and EG025 report a route that is missing, overwritten or not visible. Direct calls follow from that.
    let mut parts = path.egress.into_iter().flat_map(|egress| &egress.parts);
    let is_told_elsewhere = matches!(path.state, Some(State::Incomplete { .. }))
        || parts.any(|part| part.role == Role::MeshLeg && is_for_another(part.resource, &path.host));
    let has_cause = is_told_elsewhere
        || view
            .virtual_services(&path.host)
            .iter()
            .any(|route| path.owns(&route.id) && is_for_callers(route));
    let mut is_decided_by_route = false;
    // Of each ServiceEntry the callers that leave by it.
    let mut leaving: Vec<(&Resource, Vec<&str>)> = Vec::new();
    for caller in path.callers.iter().filter(|caller| !has_cause && !routed(caller)) {
        let seen = view.entries_seen_from(caller, &path.host);
        let Some(entry) = seen.first().copied() else { continue };
        // Where a route takes the host, it decides what becomes of the calls.
        if !view.mesh_routes_seen_from(caller, &path.host).is_empty()
            && !leave_directly(view, entry, (&path.host, None), &[caller])
        {
            is_decided_by_route = true;
            continue;
        }
        if !path.is_wanted && is_kept_in(view, caller, entry, None) {
            is_decided_by_route = true;
            continue;
        }
        match leaving.iter_mut().find(|(known, _)| known.id == entry.id) {
            Some((_, callers)) => callers.push(caller),
            None => leaving.push((entry, vec![caller])),
        }
    }
    findings.extend(leaving.iter().map(|(entry, callers)| callers_leave(view, entry, path, callers)));
    findings.extend(path.gateway.into_iter().flat_map(|gateway| ports_leave(view, path, gateway)));
    for entry in entries.iter().filter(|entry| path.is_wanted && !path.owns(&entry.id)) {
        findings.extend(others_leave(view, path, entry, &routed));
    }
    if findings.is_empty() {
        let looked_at = if is_told_elsewhere || is_decided_by_route { 0 } else { entries.len() };
        return view
            .sees(None)
            .map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::of(looked_at, Vec::new()));
    }
    CheckOutcome::Bad(findings)
}

/// Whether NetworkPolicies keep all pods of a namespace from the internet, on purpose: at one port, or all that an entry declares.
fn is_kept_in(view: &View<'_>, namespace: &str, entry: &Resource, port: Option<u16>) -> bool {
    let declared = entry.service_entry().into_iter().flat_map(|spec| spec.ports.iter().flatten());
    let ports: BTreeSet<u16> = match port {
        Some(port) => [port].into(),
        None => declared.filter_map(|port| u16::try_from(port.number).ok()).collect(),
    };
    let policies = view.network_policies().unwrap_or_default();
    if policies.is_empty() {
        return false;
    }
    let pods = view.pods(namespace);
    let is_blocked =
        |pod: &&PodFacts| matches!(egress_verdict(policies, pod, &ports), EgressVerdict::Blocked);
    !pods.is_empty() && pods.iter().all(is_blocked)
}

fn is_for_callers(resource: &Resource) -> bool {
    resource.virtual_service().is_some_and(serves_mesh)
}

/// Ports of the callers' ServiceEntry without a route to the gateway.
fn ports_leave(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<Finding> {
    let routes = to_gateway(view, path, gateway);
    let entry = view.entries(&path.host).into_iter().find(|entry| path.owns(&entry.id));
    let Some(entry) = entry else { return Vec::new() };
    // A VirtualService may name the host, and have no rule that takes its calls.
    let idle = || {
        let own = view.virtual_services(&path.host).into_iter().filter(|route| path.owns(&route.id));
        own.filter(|route| is_for_callers(route)).map(|route| &route.id).next()
    };
    let (Some(route), is_idle) =
        (routes.first().map(|route| &route.resource.id).or_else(idle), routes.is_empty())
    else {
        return Vec::new();
    };
    let upstreams = upstream(view, path, gateway);
    let is_carried = |port: &Port| {
        routes.iter().any(|route| route.carries(*port)) || is_for_gateway(view, path, &upstreams, *port)
    };
    let leaves = |port: &Port| {
        let callers: Vec<&str> = path.callers.iter().map(String::as_str).collect();
        can_be_computed(view).is_ok()
            && leave_directly(view, entry, (&path.host, Some(port.number)), &callers)
    };
    // The gateway opens TLS to such a port; callers need not reach it.
    let is_closed = |port: &Port| {
        by_gateway(&upstreams, *port).is_some()
            && path.callers.iter().all(|caller| is_kept_in(view, caller, entry, Some(port.number)))
    };
    let leaves_there = |port: &&Port| !is_carried(port) && (!is_idle || leaves(port)) && !is_closed(port);
    let direct = path.ports.iter().filter(leaves_there);
    let callers = list(&path.callers);
    let finding = |port: &Port| Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if is_idle { Level::Error } else { Level::Warning },
        message: format!(
            "port {} of {} has a ServiceEntry, but no route to the gateway",
            port.number, path.host
        ),
        object: Place::of(&entry.id).field("spec.ports[].number", port.number.to_string()),
        evidence: vec![if is_idle {
            format!("{route} has no rule that takes calls to {}", path.host)
        } else {
            format!("{route} routes only other ports")
        }],
        consequence: format!(
            "{} calls from {callers} to {}:{} leave directly from the caller's node",
            port.protocol, path.host, port.number
        ),
        fix: by_gateway(&upstreams, *port)
            .and_then(fixes::open_tls_on_the_port_of_http)
            .unwrap_or_else(|| fixes::put_right(view, path, gateway, "routes all ports through the gateway")),
    };
    direct.map(finding).collect()
}

/// The destination where the gateway receives HTTP and originates TLS to this port.
fn by_gateway<'a, 'b>(upstreams: &'b [Upstream<'a>], port: Port) -> Option<&'b Upstream<'a>> {
    upstreams.iter().find(|upstream| {
        upstream.port.number == i64::from(port.number)
            && upstream.route.protocol == Protocol::Http
            && upstream.tls.as_ref().is_some_and(ClientTls::originates)
    })
}

/// Whether the gateway and the sidecars of all callers originate TLS to a port: an application's TLS then fails there.
fn is_for_gateway(view: &View<'_>, path: &EgressPath<'_>, upstreams: &[Upstream<'_>], port: Port) -> bool {
    let Some(found) = by_gateway(upstreams, port) else { return false };
    let wraps = |caller: &String| {
        let rules = view.rules_for(caller, &path.host, &found.entry.id.namespace);
        rules.tls(None, port.number).is_some_and(|tls| tls.originates())
    };
    port.protocol == Protocol::Tls && found.route.host == path.host && path.callers.iter().all(wraps)
}

fn callers_leave(view: &View<'_>, entry: &Resource, path: &EgressPath<'_>, callers: &[&str]) -> Finding {
    let (names, host) = (some_of(callers), &path.host);
    let word = if callers.len() == 1 { "namespace" } else { "namespaces" };
    let why = "routes its calls through the gateway";
    let mut adds = callers.iter().map(|caller| fixes::add_for(host, Some(caller), why));
    let route = callers.iter().flat_map(|caller| view.mesh_routes_seen_from(caller, host)).next();
    let evidence = match route {
        Some(route) => format!("{} routes it, and not to a gateway", route.id),
        None => format!("no VirtualService of {host} is visible in {word} {names}"),
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if path.is_wanted { Level::Error } else { Level::Warning },
        message: format!("{host} has a ServiceEntry in {word} {names}, but no route to a gateway"),
        object: Place::export_to(entry),
        evidence: std::iter::once(evidence).chain(calling_namespaces(callers)).collect(),
        consequence: format!("calls from {names} to {host} leave directly from the caller's node"),
        fix: match (adds.next(), route) {
            // Istio would use one of the two routes only.
            (Some(first), Some(route)) => {
                let why = "replaces its route by one through the gateway, without its timeouts and retries";
                fixes::one_after_the_other(fixes::delete(route, why), std::iter::once(first).chain(adds), why)
            }
            (Some(first), None) => fixes::one_after_the_other(first, adds, why),
            (None, _) => fixes::add_for(host, None, why),
        },
    }
}

/// Limits a ServiceEntry to its own namespace, and adds a route to the gateway there if it has none.
fn keep(entry: &Resource, path: &EgressPath<'_>, owner_leaves: bool) -> Fix {
    let why = "limits the ServiceEntry to its own namespace; other namespaces are refused until you add the host for them";
    let kept = fixes::merge(&entry.id, &json!({ "exportTo": ["."] }), why);
    if !owner_leaves {
        return kept;
    }
    let added = fixes::add_for(&path.host, Some(&entry.id.namespace), "");
    fixes::one_after_the_other(kept, [added], &format!("{why}; adds the host for its own namespace"))
}

/// A ServiceEntry outside the egress, visible to namespaces that have no route for the host.
fn others_leave(
    view: &View<'_>,
    path: &EgressPath<'_>,
    entry: &Resource,
    routed: &impl Fn(&str) -> bool,
) -> Option<Finding> {
    // A ServiceEntry of another egress is checked with that egress.
    let is_of_egress = view.is_entry_of_egress(&entry.id);
    let words = export_to(entry);
    let owner = &entry.id.namespace;
    // An entry exported to the gateway's namespace is meant for the gateway.
    let for_gateway =
        |namespace: &str| path.gateway.is_some_and(|gateway| gateway.name.namespace == namespace);
    let is_caller = |namespace: &str| path.callers.iter().any(|caller| caller == namespace);
    let public = words.iter().any(|word| word == "*");
    let mut viewers: Vec<&str> = words
        .iter()
        .filter(|word| *word != "*" && *word != "~")
        .map(|word| if word == "." { owner.as_str() } else { word.as_str() })
        .filter(|viewer| !is_caller(viewer) && !for_gateway(viewer) && !routed(viewer))
        .collect();
    // No namespace has this name, so it sees only objects exported to all namespaces.
    let everybody = public && !routed("");
    if everybody {
        viewers = vec!["every other namespace"];
    }
    if is_of_egress || viewers.is_empty() {
        return None;
    }
    let whom = list(&viewers);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: Level::Warning,
        message: format!("a ServiceEntry outside this egress makes {} known to {whom}", path.host),
        object: Place::export_to(entry),
        evidence: vec![format!("no VirtualService of {} is visible there", path.host)],
        consequence: format!("calls from {whom} to {} leave directly from the caller's node", path.host),
        fix: match viewers.as_slice() {
            [only] if only == owner => {
                fixes::add_for(&path.host, Some(owner), "routes its calls through the gateway")
            }
            _ => keep(entry, path, !routed(owner)),
        },
    })
}

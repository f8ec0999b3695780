//! EG085: no route of another namespace takes over the host at the gateway.

use std::cell::OnceCell;

use egress_core::dialect::shared;
use egress_core::input::Input;
use egress_core::inventory::Egress;
use egress_core::istio::takeover::{AtGateway, Party, Stranger, TakeoverEffect, strangers};
use egress_core::open_to;
use egress_core::port::Protocol;
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(85),
    name: "no route of another namespace takes over the host at the gateway",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Mesh,
        Input::GatewayObjects,
        Input::VirtualServices,
        Input::ServiceEntries,
    ],
    beside_the_walk: "A plain request is followed. This check also looks for rules that take only some requests, and for \
                      those that wait behind the egress's own.",
    docs: "\
## What it checks
What the gateway does with every request of the host, for any path, header and method: all VirtualServices of the host
that are bound to Gateway objects of the pods, in istiod's merge order, and all servers on the same ports. Only four
sources may decide: the egress, the gateway's own namespace, the root namespace, and egresses of other namespaces
whose objects match their records. EnvoyFilters and objects of the Gateway API are not taken into account.

## Why it matters
A gateway merges the routes of a host from all namespaces, and everybody with write access to VirtualServices can bind
one to the shared Gateway. The first matching rule gets the request, with its `Authorization` header. A rule that is
older than the egress comes first. So does a younger one before a rule without conditions, which earlier versions of
this tool wrote. For TLS, istiod keeps the older of two rules for one SNI. A server of another namespace with a more
specific host takes all connections.

## How to fix
Ask the owner, and delete the object. If the egress comes from an earlier version, run the same `add` again.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    // Hand-made objects have no record of which route should win.
    let Some(egress) = path.egress.filter(|_| path.record().is_some()) else {
        return CheckOutcome::NotApplicable;
    };
    let found = taken(view, path, egress, gateway);
    let findings: Vec<Finding> =
        found.iter().map(|stranger| finding(path, egress, gateway, stranger)).collect();
    if !findings.is_empty() {
        return CheckOutcome::Bad(findings);
    }
    let told = worth_telling(view, path, egress);
    view.sees(None).map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::Good(told))
}

fn taken<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    egress: &Egress<'_>,
    gateway: &GatewayFacts,
) -> Vec<Stranger<'a>> {
    let service = view.service_host(gateway);
    let hop_name = shared::hop_name(&service);
    let names = [path.host.as_str(), &hop_name, &service];
    let gateways = names.iter().flat_map(|name| view.gateway_objects_for(name)).collect();
    let mut virtual_services = view.virtual_services(&path.host);
    virtual_services.extend(view.virtual_services(&hop_name));
    virtual_services.sort_by_key(|resource| &resource.id);
    virtual_services.dedup_by_key(|resource| &resource.id);
    view.note(Input::ServiceEntries);
    // Which egresses match their records costs much, and is asked only where another namespace has objects for the host.
    let genuine = OnceCell::new();
    let is_genuine = |id: &ObjectId| {
        let known: &Vec<&ObjectId> = genuine.get_or_init(|| {
            let egresses = view.egresses_of(&path.host).iter();
            let genuine = egresses.filter(|other| view.is_genuine_at_gateway(other));
            genuine.flat_map(|other| other.parts.iter().map(|part| &part.resource.id)).collect()
        });
        known.contains(&id)
    };
    let root = &view.mesh().root_namespace;
    let party = |resource: &Resource| {
        let namespace = &resource.id.namespace;
        let trusted = [&egress.namespace, &gateway.name.namespace, root];
        if path.owns(&resource.id) {
            Party::Own
        } else if trusted.contains(&namespace) || is_genuine(&resource.id) {
            Party::Trusted
        } else {
            Party::Stranger
        }
    };
    let scene = AtGateway { host: &path.host, gateway, service, hop_name, gateways, virtual_services };
    strangers(&scene, &party)
}

fn finding(
    path: &EgressPath<'_>,
    egress: &Egress<'_>,
    gateway: &GatewayFacts,
    stranger: &Stranger<'_>,
) -> Finding {
    let Stranger { resource, field, protocol, leads_to, effect } = stranger;
    let (host, namespace) = (&path.host, &resource.id.namespace);
    let destination = leads_to.as_deref().unwrap_or("another destination");
    let calls = match protocol {
        Protocol::Http => format!("HTTP requests to {host} that match it, with all their headers,"),
        Protocol::Tls => format!("TLS connections to {host}"),
    };
    let (level, message, consequence) = match effect {
        TakeoverEffect::Decides => (
            Level::Error,
            format!(
                "a route of namespace {namespace} takes over {protocol} calls to {host} at gateway {}",
                gateway.name
            ),
            format!("{calls} go to {destination}"),
        ),
        TakeoverEffect::Breaks => (
            Level::Error,
            format!("namespace {namespace} has a server for the same SNI {host} on the same port"),
            "Envoy rejects the listener: changes do not arrive, and a restarted pod does not open the port"
                .to_owned(),
        ),
        TakeoverEffect::Waits => (
            Level::Warning,
            format!(
                "namespace {namespace} has routes for {protocol} calls to {host} at gateway {}",
                gateway.name
            ),
            format!("{calls} go to {destination} whenever the routes of this egress are missing"),
        ),
    };
    let own = egress.parts.iter().map(|part| part.resource.id.to_string()).collect::<Vec<_>>();
    let order = match effect {
        TakeoverEffect::Decides => "comes first, or takes the requests that they do not match",
        TakeoverEffect::Breaks => "has the same conditions",
        TakeoverEffect::Waits => "comes later",
    };
    let place = Place::of(&resource.id);
    let object = match leads_to {
        Some(found) => place.field(field.as_str(), found),
        None => Place { field: Some(field.clone()), ..place },
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message,
        object,
        evidence: vec![format!("compared with the rules of {}, it {order}", own.join(", "))],
        consequence,
        fix: fixes::delete(resource, "removes it from the gateway; first ask its owner why it exists"),
    }
}

/// A note about objects that nothing overrides: that an earlier version wrote them, or who can use them.
fn worth_telling(view: &View<'_>, path: &EgressPath<'_>, egress: &Egress<'_>) -> Option<String> {
    let is_todays = match &path.earlier {
        Some(earlier) => earlier.is_empty(),
        None => view.earlier(egress).is_empty(),
    };
    if is_todays {
        return open_to::sentence(&[&path.record()?.intent]);
    }
    let command = fixes::add(path, "").command;
    Some(format!(
        "an earlier version wrote these objects: a younger route of another namespace could take over; `{command}` fixes that"
    ))
}

//! EG085: no route of another namespace answers for the host at the gateway.

use egress_core::inventory::Egress;
use egress_core::istio::takeover::{Effect, Party, Scene, Stranger, strangers};
use egress_core::open_to;
use egress_core::port::Protocol;
use egress_core::resource::{ObjectId, Resource};
use egress_core::shape::shared;
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(85),
    name: "no route of another namespace answers for the host at the gateway",
    level: Level::Error,
    hop: Hop::FromGateway,
    inputs: &[
        Input::Mesh,
        Input::GatewayObjects,
        Input::VirtualServices,
        Input::ServiceEntries,
    ],
    docs: "\
## What it checks
What the gateway does with every request of the host, whatever its path, headers and method: all VirtualServices of the
host that are bound to Gateway objects of the pods, in the order in which istiod joins their rules, and all servers on the
same ports. Only rules of the egress, of the gateway's own namespace, of the root namespace and of other namespaces'
egresses that are what their records ask for may decide. What EnvoyFilters and objects of the Gateway API change is not
judged.

## Why it matters
A gateway joins the rules of a host from all namespaces, and anybody who may write a VirtualService can bind it to the
shared Gateway. The first rule that matches a request gets it, with its `Authorization` header. A rule that is older than
that of the egress comes first, and so does a younger one before a rule without conditions, as earlier versions of this tool
wrote it. For TLS the older of two rules for one server name is kept. A server of another namespace whose name fits better
takes all connections.

## How to fix
Ask who wrote it, and delete it. Where the objects are of an earlier version, run the same `add` again.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    // What others made has no record that says what is meant to decide.
    let Some(egress) = way.egress.filter(|_| way.record().is_some()) else { return Outcome::NotApplicable };
    let found = taken(view, way, egress, gateway);
    let findings: Vec<Finding> =
        found.iter().map(|stranger| finding(way, egress, gateway, stranger)).collect();
    if !findings.is_empty() {
        return Outcome::Bad(findings);
    }
    let told = worth_telling(view, way, egress);
    view.sees(None).map_or_else(Outcome::Unreadable, |()| Outcome::Good(told))
}

fn taken<'a>(
    view: &View<'a>,
    way: &Way<'_>,
    egress: &Egress<'_>,
    gateway: &GatewayFacts,
) -> Vec<Stranger<'a>> {
    let service = view.service_host(gateway);
    let hop_name = shared::hop_name(&service);
    let names = [way.host.as_str(), &hop_name, &service];
    let gateways = names.iter().flat_map(|name| view.gateway_objects_for(name)).collect();
    let mut virtual_services = view.virtual_services(&way.host);
    virtual_services.extend(view.virtual_services(&hop_name));
    virtual_services.sort_by_key(|resource| &resource.id);
    virtual_services.dedup_by_key(|resource| &resource.id);
    let genuine: Vec<&ObjectId> = view
        .egresses_of(&way.host)
        .iter()
        .filter(|other| view.is_genuine_at_gateway(other))
        .flat_map(|other| other.parts.iter().map(|part| &part.resource.id))
        .collect();
    let root = &view.mesh().root_namespace;
    let party = |resource: &Resource| {
        let namespace = &resource.id.namespace;
        let trusted = [&egress.namespace, &gateway.name.namespace, root];
        if way.owns(&resource.id) {
            Party::Own
        } else if trusted.contains(&namespace) || genuine.contains(&&resource.id) {
            Party::Trusted
        } else {
            Party::Stranger
        }
    };
    let scene = Scene { host: &way.host, gateway, service, hop_name, gateways, virtual_services };
    strangers(&scene, &party)
}

fn finding(way: &Way<'_>, egress: &Egress<'_>, gateway: &GatewayFacts, stranger: &Stranger<'_>) -> Finding {
    let Stranger { resource, field, protocol, leads_to, effect } = stranger;
    let (host, namespace) = (&way.host, &resource.id.namespace);
    let destination = leads_to.clone().unwrap_or_else(|| "wherever it says".to_owned());
    let calls = match protocol {
        Protocol::Http => format!("HTTP requests to {host} that match it, with all their headers,"),
        Protocol::Tls => format!("TLS connections to {host}"),
    };
    let (level, message, consequence) = match effect {
        Effect::Decides => (
            Level::Error,
            format!("namespace {namespace} decides {protocol} calls of {host} at gateway {}", gateway.name),
            format!("{calls} go to {destination}"),
        ),
        Effect::Breaks => (
            Level::Error,
            format!("namespace {namespace} claims the server name {host} on the same port"),
            "Envoy refuses the listener: changes do not arrive, and a restarted pod serves none of it"
                .to_owned(),
        ),
        Effect::Waits => (
            Level::Warning,
            format!(
                "namespace {namespace} has rules for {protocol} calls of {host} at gateway {}",
                gateway.name
            ),
            format!("{calls} would go to {destination} whenever rules of this egress are missing"),
        ),
    };
    let own = egress.parts.iter().map(|part| part.resource.id.to_string()).collect::<Vec<_>>();
    let order = match effect {
        Effect::Decides => "comes before, or takes what they leave over",
        Effect::Breaks => "is equal to them",
        Effect::Waits => "comes behind",
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message,
        object: Place::of(&resource.id).field(field.as_str(), destination),
        evidence: vec![format!("compared with the rules of {}, it {order}", own.join(", "))],
        consequence,
        fix: fixes::delete(resource, "takes it from the gateway; first ask its owner what it is for"),
    }
}

/// What to know of objects that nothing takes calls from: that an earlier version wrote them, or who can use them.
fn worth_telling(view: &View<'_>, way: &Way<'_>, egress: &Egress<'_>) -> Option<String> {
    if view.earlier(egress).is_empty() {
        return open_to::sentence(&[&way.record()?.intent]);
    }
    let command = fixes::add(way, "").command;
    Some(format!(
        "an earlier version wrote the objects, so that a younger route of another namespace could come first; `{command}` closes that"
    ))
}

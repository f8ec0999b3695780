//! EG108: no object remains of an egress whose other objects are gone.

mod named;

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::istio::server::{Server, selects, servers};
use egress_core::metadata::is_ours;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::virtual_service::destinations;

use self::named::NamedHosts;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(108),
    name: "no object remains of an egress whose other objects are gone",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::VirtualServices,
        Input::ServiceEntries,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::Gateways,
        Input::Mesh,
        Input::EnvoyFilters,
    ],
    beside_the_walk: "No call uses these objects. They decide again when somebody adds the host.",
    docs: "\
## What it checks
Objects around an egress gateway that other tools or people wrote, for three kinds of remains: a VirtualService for the
gateway alone whose destinations no Service and no ServiceEntry declares; a single host in a server of a Gateway object that no
VirtualService and no ServiceEntry names; a DestinationRule of the gateway's Service whose subsets no route uses. Meshes with
EnvoyFilters are left out. EG034 looks at the objects of this program, EG006 at DestinationRules of hosts, EG014 at
ServiceEntries.

## Why it matters
The objects have no effect today. When somebody adds the host again, they decide about its calls: the gateway still accepts
the host, with old rules.

## How to fix
Delete the object, or the host in it.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    if !view.envoy_filters()?.is_empty() || view.gateways().is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    view.sees(None).map_err(CheckOutcome::Unreadable)?;
    let mesh = NamedHosts::of(view);
    let (mut looked_at, mut found) = (0, Vec::new());
    for object in view.gateway_objects().filter(|object| !is_ours(object) && !is_of_gateway_api(object)) {
        let Some(gateway) = view.gateways().iter().find(|gateway| selects(object, gateway)) else { continue };
        looked_at += 1;
        found.extend(unused_host(view, &mesh, object, gateway));
    }
    for route in mesh.routes.iter().filter(|route| !is_ours(route)) {
        if mesh.is_for_gateways_alone(route) {
            looked_at += 1;
            found.extend(leads_nowhere(view, &mesh, route));
        }
    }
    for rule in view.destination_rules().filter(|rule| !is_ours(rule)) {
        looked_at += usize::from(is_of_a_gateway(view, rule));
        found.extend(unused_subsets(view, &mesh, rule));
    }
    Ok(CheckOutcome::of(looked_at, found))
}

/// Whether istiod made a Gateway object of one of the Gateway API.
fn is_of_gateway_api(object: &Resource) -> bool {
    object.annotations.keys().any(|key| key.starts_with("internal.istio.io/"))
}

/// A host of a server that nothing else names.
fn unused_host(
    view: &View<'_>,
    mesh: &NamedHosts<'_>,
    object: &Resource,
    gateway: &GatewayFacts,
) -> Option<Finding> {
    let all: Vec<_> = servers(object, gateway).collect();
    let (server, at, host) = all.iter().find_map(|server| {
        let mut hosts =
            server.hosts().enumerate().filter(|(_, host)| !host.starts_with('*') && host.contains('.'));
        let (at, host) =
            hosts.find(|(_, host)| !mesh.by_routes.knows(host) && !mesh.by_entries.knows(host))?;
        Some((server, at, host))
    })?;
    let hosts: Vec<&str> = all.iter().flat_map(Server::hosts).collect();
    if mesh.is_missed(view, object, &hosts) {
        return None;
    }
    let field = format!("{}.hosts[{at}]", server.field());
    let why = "removes what is left of the host";
    let fix = if server.spec.hosts.len() > 1 {
        fixes::leave_out(&object.id, &field, why)
    } else if server.is_alone() {
        fixes::delete(object, why)
    } else {
        fixes::leave_out(&object.id, &server.field(), why)
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("a Gateway object accepts {host}, which no other object names"),
        object: Place::of(&object.id).field(field, host),
        evidence: Vec::new(),
        consequence: "no call uses it; it decides as soon as somebody adds the host again".to_owned(),
        fix,
    })
}

/// A VirtualService for a gateway alone, all of whose destinations are gone.
fn leads_nowhere(view: &View<'_>, mesh: &NamedHosts<'_>, route: &Resource) -> Option<Finding> {
    let spec = route.virtual_service()?;
    let declared = |host: &str| {
        let full = view.full_host(host, &route.id.namespace);
        mesh.by_entries.knows(host)
            || full.ends_with(&format!(".{}", view.mesh().cluster_domain))
            || !host.contains('.')
    };
    let gone: BTreeSet<&str> = destinations(spec).collect();
    let is_gone = !gone.is_empty() && gone.iter().all(|host| !declared(host));
    // Where the sidecars still have a route, other checks follow the calls.
    if !is_gone || spec.hosts.iter().flatten().any(|host| mesh.is_routed_by_sidecars(host)) {
        return None;
    }
    let hosts: Vec<&str> = spec.hosts.iter().flatten().map(String::as_str).collect();
    let names: Vec<&str> = gone.into_iter().collect();
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "a gateway has a route for {}, and no ServiceEntry declares where it leads",
            list(&hosts)
        ),
        object: Place::of(&route.id).field("spec.hosts", hosts.join(", ")),
        evidence: vec![
            format!("it leads to {}", list(&names)),
            "no VirtualService sends sidecars there".to_owned(),
        ],
        consequence:
            "calls that reach the gateway get 503; it decides as soon as somebody adds the host again"
                .to_owned(),
        fix: fixes::delete(route, "removes what is left of the host"),
    })
}

fn is_of_a_gateway(view: &View<'_>, rule: &Resource) -> bool {
    let Some(spec) = rule.destination_rule() else { return false };
    let host = view.full_host(&spec.host, &rule.id.namespace);
    view.gateways().iter().any(|gateway| view.service_host(gateway) == host)
}

/// A DestinationRule that has only subsets, none of which any route names.
fn unused_subsets(view: &View<'_>, mesh: &NamedHosts<'_>, rule: &Resource) -> Option<Finding> {
    let spec = rule.destination_rule().filter(|_| is_of_a_gateway(view, rule))?;
    let subsets = spec.subsets.as_deref().unwrap_or_default();
    // Subsets with labels are versions of the gateway, which are not of one host.
    let is_of_hosts = !subsets.is_empty() && subsets.iter().all(|subset| subset.labels.is_none());
    if spec.traffic_policy.is_some() || !is_of_hosts {
        return None;
    }
    let names: Vec<&str> = subsets.iter().map(|subset| subset.name.as_str()).collect();
    let is_used = names.iter().any(|name| mesh.subsets.contains(name));
    // A route to a subset that does not exist means this one, perhaps: EG007 says so.
    let all = view.destination_rules().filter_map(Resource::destination_rule);
    let defined: BTreeSet<&str> =
        all.flat_map(|spec| spec.subsets.iter().flatten()).map(|subset| subset.name.as_str()).collect();
    let is_missed = mesh.subsets.iter().any(|name| !defined.contains(name));
    (!is_used && !is_missed).then(|| Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("no route uses subset {} of the gateway's Service", list(&names)),
        object: Place::of(&rule.id).field("spec.subsets[].name", names.join(", ")),
        evidence: vec![format!("spec.host is {}", spec.host)],
        consequence: "the rule has no effect".to_owned(),
        fix: fixes::delete(rule, "removes the unused rule"),
    })
}

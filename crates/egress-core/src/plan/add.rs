//! The steps that make an egress exist, or that finish one that was cut short, or widen one.
//!
//! Order: whatever carries the traffic exists before whatever sends traffic to it, and the entry that lets a sidecar
//! know the host comes last. A client entry seen before the mesh leg would open the direct way.

use std::collections::BTreeMap;

use super::{Action, Plan, Step, apply, expect, rename};
use crate::intent::{Intent, Layout};
use crate::metadata;
use crate::names;
use crate::proof::{Demand, Expectation, Side};
use crate::proxy::{cluster_name, port_and_host};
use crate::resource::Resource;
use crate::role::Role;
use crate::shape::{HTTP_HOP, Part, documented, shared};
use crate::snapshot::{MeshFacts, Snapshot};

/// The steps from the snapshot to the wanted parts, which `shape::build` made for this intent. Objects of the same
/// egress under other names go last, once those that are wanted are proven.
pub fn plan(intent: &Intent, wanted: &[Part], snapshot: &Snapshot) -> Plan {
    let steps = match intent.layout {
        Layout::Shared => wanted
            .iter()
            .filter_map(|part| shared_step(intent, part, wanted, snapshot))
            .chain(rename::retire(intent, wanted, snapshot))
            .collect(),
        Layout::Documented => documented_steps(intent, wanted, snapshot),
    };
    Plan { host: intent.host.clone(), namespace: intent.namespace.clone(), steps }
}

fn shared_step(intent: &Intent, part: &Part, wanted: &[Part], snapshot: &Snapshot) -> Option<Step> {
    let routes = |role: Role| wanted.iter().find(|part| part.role == role).map(|part| &part.resource);
    let no_others = BTreeMap::new();
    let live = |side, role, tolerated: &BTreeMap<String, String>, where_listening| {
        routes(role).map(|routes| expect::live(side, intent, routes, tolerated, where_listening))
    };
    let proof = match part.role {
        Role::SharedDestinationRule => Some(subset_known(intent, &snapshot.mesh)),
        Role::GatewayLeg => live(Side::Gateway, Role::GatewayLeg, &others(intent, snapshot), false),
        Role::MeshLeg => live(Side::Clients, Role::MeshLeg, &no_others, true),
        Role::Client => live(Side::Clients, Role::MeshLeg, &no_others, false),
        _ => None,
    };
    let pair = part.role.is_of_pair();
    // A user who may not read the gateway's namespace may not write there either: the pair is its owner's. Whether it is
    // there shows in the callers' proxies, which know the subset of its DestinationRule.
    let hidden = pair && !snapshot.has_istio_of(Some(&part.resource.id.namespace));
    if hidden && part.role == Role::SharedGateway {
        return None;
    }
    let action = if hidden { None } else { apply(&part.resource, snapshot.find(&part.resource.id)) };
    // The pair is as old as the gateway: once it is seen to exist, no host waits for it again.
    let proof = proof.filter(|_| !pair || hidden || action.is_some());
    Some(Step { role: part.role, object: part.resource.clone(), action, proof })
}

/// The subset exists in the sidecars: a route to a subset that a sidecar does not know answers 503.
fn subset_known(intent: &Intent, mesh: &MeshFacts) -> Expectation {
    let service = intent.gateway.service_host(&mesh.cluster_domain);
    let cluster = cluster_name(HTTP_HOP, shared::SUBSET, &service);
    let owned = expect::to_gateway(intent, &cluster);
    let demands = owned.into_iter().chain([Demand::Reaches { cluster }]).collect();
    Expectation { side: Side::Clients, host: intent.host.clone(), demands }
}

/// Clusters to which other namespaces' gateway legs for this host lead, and whose they are: the gateway joins the routes
/// of one host, and the oldest rule serves all. One that does not lead to the upstream of its own namespace is no egress
/// of the host, whatever it says of itself.
pub(super) fn others(intent: &Intent, snapshot: &Snapshot) -> BTreeMap<String, String> {
    let upstream_of = |namespace: &str| names::upstream_host(intent.host.as_str(), namespace);
    let of_upstream = |cluster: &String, namespace: &str| {
        port_and_host(cluster).is_some_and(|(_, host)| host == upstream_of(namespace))
    };
    snapshot
        .resources
        .iter()
        .filter(|resource| metadata::is_ours(resource) && resource.id.namespace != intent.namespace)
        .filter(|resource| metadata::role(resource) == Some(Role::GatewayLeg))
        .filter(|resource| metadata::host(resource) == Some(intent.host.as_str()))
        .flat_map(|leg| expect::gateway_clusters(leg).into_iter().map(|cluster| (cluster, &leg.id.namespace)))
        .filter(|(cluster, namespace)| of_upstream(cluster, namespace))
        .map(|(cluster, namespace)| (cluster, namespace.clone()))
        .collect()
}

fn documented_steps(intent: &Intent, wanted: &[Part], snapshot: &Snapshot) -> Vec<Step> {
    let of = |role: Role| wanted.iter().find(|part| part.role == role);
    let found = |part: &Part| snapshot.find(&part.resource.id);
    let [Some(gateway), Some(rule), Some(routes), Some(entry)] =
        [Role::Gateway, Role::DestinationRule, Role::MeshLeg, Role::Client].map(of)
    else {
        return Vec::new();
    };
    let stages = documented::stages(wanted, &intent.gateway.namespace);
    // A stage is only for an object that does not exist yet: narrowing a live one would cut its callers off.
    let stage = |whole: &Part, proof: Option<Expectation>| match found(whole) {
        None => step(first_stage(&stages, whole), Some(Action::Create), proof),
        Some(live) => Step { role: whole.role, object: live.clone(), action: None, proof },
    };
    // The second write of a new object goes over its first stage.
    let complete = |whole: &Part| match found(whole) {
        None => Some(Action::Update(Box::new(first_stage(&stages, whole).resource.clone()))),
        live => apply(&whole.resource, live),
    };
    let no_others = BTreeMap::new();
    let at_gateway = expect::live(Side::Gateway, intent, &routes.resource, &no_others, false);
    let in_sidecars =
        |where_listening| expect::live(Side::Clients, intent, &routes.resource, &no_others, where_listening);
    // Ports that the live entry lacks cannot be seen at the gateway before the entry is written: they are proven after.
    let widens = found(entry).is_some_and(|live| ports(live) != ports(&entry.resource));
    let (before, after) = if widens { (None, Some(at_gateway)) } else { (Some(at_gateway), None) };
    let mut steps = vec![
        stage(entry, None),
        step(gateway, apply(&gateway.resource, found(gateway)), None),
        step(rule, apply(&rule.resource, found(rule)), None),
        stage(routes, before),
        step(routes, complete(routes), Some(in_sidecars(true))),
    ];
    let mut last = complete(entry);
    steps.extend(after.map(|at_gateway| step(entry, last.take(), Some(at_gateway))));
    steps.push(step(entry, last, Some(in_sidecars(false))));
    steps
}

fn first_stage<'a>(stages: &'a [Part], whole: &'a Part) -> &'a Part {
    stages.iter().find(|stage| stage.role == whole.role).unwrap_or(whole)
}

fn step(part: &Part, action: Option<Action>, proof: Option<Expectation>) -> Step {
    Step { role: part.role, object: part.resource.clone(), action, proof }
}

fn ports(entry: &Resource) -> Option<Vec<i64>> {
    let ports = entry.service_entry()?.ports.as_ref()?;
    Some(ports.iter().map(|port| port.number).collect())
}

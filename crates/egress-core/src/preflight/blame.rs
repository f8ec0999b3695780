//! Which object is in the way of a call: the one without which it would take the wanted way.
//!
//! Knows which objects may matter. The sentences are in [`words`](super::words).

use super::after::ObjectsAfter;
use super::wanted_call::WantedCall;
use super::words;
use crate::conflict::Conflict;
use crate::istio::call::Passage;
use crate::istio::gateway_api::MadeObjects;
use crate::istio::server::selects;
use crate::istio::simulation::{Simulation, World, overlap};
use crate::related_resources::RelatedResources;
use crate::resource::{Resource, Spec};
use crate::role::Role;
use crate::snapshot::Snapshot;
use crate::visibility::destination_rule::full_host;

/// So many objects are tried: more than that many around one host are not read by anybody.
const MOST: usize = 60;

/// What is known where a call is followed.
pub(super) struct Surroundings<'a> {
    pub(super) simulation: &'a Simulation<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) related: &'a RelatedResources,
    /// What istiod makes of the Gateway API after the writes.
    pub(super) made: &'a MadeObjects,
    pub(super) after: &'a ObjectsAfter<'a>,
}

/// What is in the way of a call that should leave through a gateway and goes this way.
pub(super) fn of_detour(wanted: &WantedCall<'_>, passage: &Passage, facts: &Surroundings<'_>) -> Conflict {
    let Surroundings { simulation, snapshot, related, made, after } = facts;
    let call = wanted.target().by(wanted.caller);
    let denials = simulation.denials(&call);
    if let Some(told) = denials.iter().find_map(|(_, denial)| words::of_policy(wanted, denial)) {
        return told;
    }
    let all: Vec<&Resource> = after.objects.all().into_iter().chain(made.objects()).collect();
    let is_alone_in_the_way = |object: &&Resource| {
        let others: Vec<&Resource> = all.iter().copied().filter(|other| other.id != object.id).collect();
        let world = World::with(snapshot, related, made, &others, &[]);
        let found = Simulation::new(&world).passages(&call);
        !found.is_empty() && found.iter().all(|passage| wanted.is_fulfilled_by(passage))
    };
    let may_matter = |object: &&Resource| may_matter(object, wanted, snapshot);
    let candidates = after.objects.unchanged().filter(may_matter);
    // Which pods the Gateways of the Gateway API are for does not depend on labels.
    let of_gateway_api =
        made.objects().iter().filter(|object| object.gateway().is_some() || may_matter(object));
    let culprit = of_gateway_api.chain(candidates).take(MOST).find(is_alone_in_the_way);
    if let Some(origin) = culprit.and_then(|culprit| made.origins(&culprit.id).first()) {
        return words::of_origin(wanted, passage, origin, related);
    }
    let entrance = |role: Role| wanted.parts.iter().find(|part| part.role == role).map(|part| &part.resource);
    let route = entrance(Role::MeshLeg).or_else(|| entrance(Role::GatewayLeg));
    let found = route.and_then(|route| simulation.cause(&call, wanted.intent.host.as_str(), route, passage));
    words::of_detour(wanted, passage, culprit, found.as_ref(), route)
}

/// Whether an object may change where the call goes.
fn may_matter(object: &Resource, wanted: &WantedCall<'_>, snapshot: &Snapshot) -> bool {
    let owner = object.id.namespace.as_str();
    let service = wanted.gateway.name.service_host(&snapshot.mesh.cluster_domain);
    let intent = wanted.intent;
    let upstream = intent.layout.dialect().upstream_host(intent.host.as_str(), &intent.namespace);
    let is_about = |host: &str| {
        let host = full_host(host, owner, &snapshot.mesh);
        [intent.host.as_str(), &service, &upstream].iter().any(|name| overlap(&host, name))
    };
    match &object.spec {
        Spec::VirtualService(spec) => spec.hosts.iter().flatten().any(|host| is_about(host)),
        Spec::DestinationRule(spec) => is_about(&spec.host),
        Spec::Gateway(_) => selects(object, wanted.gateway),
        Spec::Sidecar(_) => owner == wanted.namespace || owner == snapshot.mesh.root_namespace,
        Spec::ServiceEntry(spec) => {
            let number = i64::from(wanted.port.number);
            spec.hosts.iter().any(|host| is_about(host))
                || spec.ports.iter().flatten().any(|port| port.number == number)
        }
        Spec::Untyped(_) => false,
    }
}

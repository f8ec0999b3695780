//! The shared pair of a gateway, as it stands in the cluster: found by what it does, whatever it is called.

use crate::index::Remaining;
use crate::istio::server::selects;
use crate::metadata;
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::GatewayFacts;

/// The live objects of the pair, in the order of writing. There is one pair per gateway: a second Gateway with `*` on
/// the same port would be dropped by istiod.
///
/// The Gateway object is told by the pods that it selects, as istiod does it. One with another selector than the Service
/// has may be that of another gateway whose Service selects by fewer labels: it counts where the DestinationRule of this
/// gateway stands beside it.
pub fn of<'a>(gateway: &GatewayFacts, cluster: &Remaining<'_, 'a>) -> Vec<(Role, &'a Resource)> {
    let host = gateway.name.service_host(&cluster.snapshot().mesh.cluster_domain);
    let ours = cluster.of_gateways_in(&gateway.name.namespace);
    let played: Vec<(Role, &Resource)> =
        ours.into_iter().filter_map(|live| Some((metadata::role(live)?, live))).collect();
    let is_rule = |(role, live): &(Role, &Resource)| {
        *role == Role::SharedDestinationRule && live.destination_rule().is_some_and(|spec| spec.host == host)
    };
    let serves = |(role, live): &(Role, &Resource)| {
        *role == Role::SharedGateway
            && selects(live, gateway)
            && (is_own(gateway, live) || played.iter().any(is_rule))
    };
    let mut pair: Vec<_> = played.iter().filter(|part| serves(part) || is_rule(part)).copied().collect();
    if pair.iter().any(|(_, live)| is_own(gateway, live)) {
        pair.retain(|(role, live)| *role != Role::SharedGateway || is_own(gateway, live));
    }
    pair.sort_by_key(|(role, live)| (*role, live.id.name.clone()));
    pair
}

/// Whether a Gateway object has the selector that is written for this gateway.
fn is_own(gateway: &GatewayFacts, live: &Resource) -> bool {
    live.gateway().is_some_and(|spec| spec.selector.as_ref() == Some(&gateway.selector))
}

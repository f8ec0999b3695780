//! The shared pair of a gateway, as it stands in the cluster: found by what it does, whatever it is called.

use crate::metadata;
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::{GatewayFacts, Snapshot};

/// The live objects of the pair, in the order of writing. There is one pair per gateway: a second Gateway with `*` on
/// the same port would be dropped by istiod.
pub fn of<'a>(gateway: &GatewayFacts, snapshot: &'a Snapshot) -> Vec<(Role, &'a Resource)> {
    let host = gateway.name.service_host(&snapshot.mesh.cluster_domain);
    let serves = |role: Role, live: &Resource| match role {
        Role::SharedGateway => {
            live.gateway().is_some_and(|spec| spec.selector.as_ref() == Some(&gateway.selector))
        }
        Role::SharedDestinationRule => live.destination_rule().is_some_and(|spec| spec.host == host),
        _ => false,
    };
    let ours = snapshot
        .resources
        .iter()
        .filter(|live| metadata::is_ours(live) && live.id.namespace == gateway.name.namespace);
    let played = ours.filter_map(|live| Some((metadata::role(live)?, live)));
    let mut pair: Vec<_> = played.filter(|(role, live)| serves(*role, live)).collect();
    pair.sort_by_key(|(role, live)| (*role, live.id.name.clone()));
    pair
}

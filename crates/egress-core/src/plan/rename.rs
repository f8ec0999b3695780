//! The last steps of a rename: the objects of the old names go, once those of the new names are proven.
//!
//! Two sets of the shared layout can stand side by side: they lead to the same clusters, and the older rule serves
//! until it is gone. Two sets of the documented layout cannot: their Gateways would claim one host on one port twice.

use std::collections::BTreeMap;

use super::add::others;
use super::{Action, Step, expect};
use crate::intent::Intent;
use crate::metadata;
use crate::proof::Side;
use crate::resource::Resource;
use crate::role::Role;
use crate::shape::Part;
use crate::snapshot::Snapshot;

/// Objects of ours for the same host and namespace that are not among the wanted, in the order of writing.
pub fn leftovers<'a>(intent: &Intent, wanted: &[Part], snapshot: &'a Snapshot) -> Vec<(Role, &'a Resource)> {
    let is_wanted = |live: &Resource| wanted.iter().any(|part| part.resource.id == live.id);
    let of_host = snapshot.resources.iter().filter(|live| {
        metadata::is_ours(live)
            && live.id.namespace == intent.namespace
            && metadata::host(live) == Some(intent.host.as_str())
            && !is_wanted(live)
    });
    let mut found: Vec<_> = of_host.filter_map(|live| Some((metadata::role(live)?, live))).collect();
    found.sort_by_key(|(role, live)| (*role, live.id.name.clone()));
    found
}

/// Deletes the leftovers, in the reverse order of writing. After each the wanted routes must still be live.
pub(super) fn retire(intent: &Intent, wanted: &[Part], snapshot: &Snapshot) -> Vec<Step> {
    let routes = |role: Role| wanted.iter().find(|part| part.role == role).map(|part| &part.resource);
    let none = BTreeMap::new();
    let still_live = |role: Role| match role {
        Role::Client | Role::MeshLeg => {
            routes(Role::MeshLeg).map(|routes| expect::live(Side::Clients, intent, routes, &none, false))
        }
        Role::GatewayLeg => {
            let tolerated = others(intent, snapshot);
            routes(role).map(|routes| expect::live(Side::Gateway, intent, routes, &tolerated, false))
        }
        _ => None,
    };
    let deletion = |(role, live): (Role, &Resource)| Step {
        role,
        object: live.clone(),
        action: Some(Action::Delete),
        proof: still_live(role),
    };
    leftovers(intent, wanted, snapshot).into_iter().rev().map(deletion).collect()
}

//! `remove --prune`: the shared pair goes as well, where nobody uses it any more.

use egress_core::inventory::{Egress, pair};
use egress_core::plan::{Action, Step};
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Role;
use egress_core::snapshot::{GatewayFacts, Snapshot};

use super::change::Work;
use crate::exit::{Code, Failure};

/// Appends the deletion of each pair that is left without users to the last plan.
pub(super) fn add_pairs(
    work: &mut [Work],
    chosen: &[Egress<'_>],
    all: &[Egress<'_>],
    snapshot: &Snapshot,
) -> Result<(), Failure> {
    if !snapshot.has_istio_of(None) {
        return Err(Failure {
            code: Code::Unreachable,
            message: "`--prune` must see every egress, but not all namespaces can be read".to_owned(),
            hint: Some("leave out `--prune`: the two shared objects do no harm".to_owned()),
        });
    }
    let stays = |egress: &&Egress<'_>| {
        !chosen.iter().any(|gone| gone.namespace == egress.namespace && gone.host == egress.host)
    };
    let Some(last) = work.last_mut() else { return Ok(()) };
    let is_used = |gateway: &&GatewayFacts| {
        let users = all.iter().filter(stays).filter(|egress| egress.uses_gateway_objects());
        users.into_iter().any(|egress| egress.gateway.as_ref() == Some(&gateway.name))
    };
    // One object may select the pods of two gateways.
    let used = snapshot.gateways.iter().filter(is_used).flat_map(|gateway| pair::of(gateway, snapshot));
    let used: Vec<&ObjectId> = used.map(|(_, live)| &live.id).collect();
    for gateway in snapshot.gateways.iter().filter(|gateway| !is_used(gateway)) {
        if !chosen.iter().any(|egress| egress.gateway.as_ref() == Some(&gateway.name)) {
            continue;
        }
        let live =
            pair::of(gateway, snapshot).into_iter().rev().filter(|(_, live)| !used.contains(&&live.id));
        last.plan.steps.extend(live.map(|(role, live)| deletion(role, live.clone())));
    }
    Ok(())
}

fn deletion(role: Role, object: Resource) -> Step {
    Step { role, object, action: Some(Action::Delete), proof: None }
}

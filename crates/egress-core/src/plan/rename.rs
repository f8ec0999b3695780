//! The last steps of a rename: the objects of the old names go, once those of the new names are proven.
//!
//! Two sets of the shared layout can stand side by side: they lead to the same clusters, and the older rule serves
//! until it is gone. Two sets of the documented layout cannot: their Gateways would claim one host on one port twice.

use super::add::Addition;
use super::{Action, Step, expect};
use crate::dialect::{Part, Stage, Up};
use crate::index::Remaining;
use crate::intent::Intent;
use crate::metadata;
use crate::resource::Resource;
use crate::role::Role;

/// Objects of ours for the same host and namespace that are not among the wanted, in the order of writing.
pub fn leftovers<'a>(
    intent: &Intent,
    wanted: &[Part],
    cluster: &Remaining<'_, 'a>,
) -> Vec<(Role, &'a Resource)> {
    let is_wanted = |live: &Resource| wanted.iter().any(|part| part.resource.id == live.id);
    let of_host = cluster.labelled(&intent.namespace, intent.host.as_str()).into_iter();
    let left = of_host.filter(|live| !is_wanted(live));
    let mut found: Vec<_> = left.filter_map(|live| Some((metadata::role(live)?, live))).collect();
    found.sort_by_key(|(role, live)| (*role, live.id.name.clone()));
    found
}

/// Deletes the leftovers, in the reverse order of writing. After each the wanted routes must still be live.
pub(super) fn retire(addition: &Addition<'_, '_>) -> Vec<Step> {
    let still_live = |role: Role| {
        let mut phases = addition.dialect.phases.iter();
        let whole = phases.find(|phase| phase.role == role && phase.stage == Stage::Whole);
        // What another layout had and this one has not: the callers are looked at.
        let up = whole
            .map_or_else(|| addition.dialect.phases.last().map(|phase| phase.up), |phase| Some(phase.up))?;
        match up {
            Up::LeadsToGateway => {
                let mesh = &addition.cluster.snapshot().mesh;
                Some(expect::leads_to_gateway(addition.intent, mesh, true))
            }
            // By now every sidecar knows the host.
            Up::Routes { side, of, .. } => addition.proof(Up::Routes { side, of, where_listening: false }),
            Up::Stored | Up::SubsetKnown => None,
        }
    };
    let deletion = |(role, live): (Role, &Resource)| Step {
        role,
        object: live.clone(),
        action: Some(Action::Delete),
        proof: still_live(role),
    };
    let left = leftovers(addition.intent, addition.wanted, addition.cluster);
    left.into_iter().rev().map(deletion).collect()
}

//! `remove --prune`: the shared pair goes as well, where nobody uses it any more.

use egress_core::inventory::{Egress, pair};
use egress_core::plan::{Action, Step};
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;

use super::change::Work;
use super::remove::uses_pair;
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
    for gateway in &snapshot.gateways {
        let used = all
            .iter()
            .filter(stays)
            .any(|egress| uses_pair(egress) && egress.gateway.as_ref() == Some(&gateway.name));
        let touched = chosen.iter().any(|egress| egress.gateway.as_ref() == Some(&gateway.name));
        if used || !touched {
            continue;
        }
        let live = pair::of(gateway, snapshot).into_iter().rev();
        last.plan.steps.extend(live.map(|(role, live)| deletion(role, live.clone())));
    }
    Ok(())
}

fn deletion(role: Role, object: egress_core::resource::Resource) -> Step {
    Step { role, object, action: Some(Action::Delete), proof: None }
}

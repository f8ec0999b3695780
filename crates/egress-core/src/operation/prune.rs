//! `remove --prune`: the objects of all egresses of a gateway go as well, where no egress uses them any more.

use std::collections::HashSet;

use thiserror::Error;

use crate::host::DnsName;
use crate::index::Remaining;
use crate::inventory::{Egress, pair};
use crate::plan::{Action, Step};
use crate::resource::{ObjectId, Resource};
use crate::snapshot::GatewayFacts;

/// Not every namespace could be read: an egress that is not seen may use the objects.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("`--prune` must see every egress, but not all namespaces can be read")]
pub struct NotAllRead;

/// The last steps of a removal: the deletion of what is left without users.
///
/// # Errors
/// [`NotAllRead`], since then nobody knows whether anything is without users.
pub fn steps<'a>(
    removed: &[Egress<'a>],
    all: &[Egress<'a>],
    cluster: &Remaining<'_, 'a>,
) -> Result<Vec<Step>, NotAllRead> {
    let snapshot = cluster.snapshot();
    if !snapshot.has_istio_of(None) {
        return Err(NotAllRead);
    }
    let gone: HashSet<(&str, &DnsName)> =
        removed.iter().map(|gone| (gone.namespace.as_str(), &gone.host)).collect();
    let goes = |egress: &Egress<'_>| gone.contains(&(egress.namespace.as_str(), &egress.host));
    let stays: Vec<&Egress<'_>> =
        all.iter().filter(|egress| egress.uses_gateway_objects() && !goes(egress)).collect();
    let is_of = |gateway: &GatewayFacts, egress: &Egress<'_>| egress.gateway.as_ref() == Some(&gateway.name);
    let (used, unused): (Vec<&GatewayFacts>, Vec<&GatewayFacts>) =
        snapshot.gateways.iter().partition(|gateway| stays.iter().any(|egress| is_of(gateway, egress)));
    // One object may select the pods of two gateways.
    let used: Vec<&ObjectId> =
        used.into_iter().flat_map(|gateway| pair::of(gateway, cluster)).map(|(_, live)| &live.id).collect();
    let left = unused.into_iter().filter(|gateway| removed.iter().any(|egress| is_of(gateway, egress)));
    let live = left.flat_map(|gateway| pair::of(gateway, cluster).into_iter().rev());
    let deletion = |(role, live): (_, &Resource)| Step {
        role,
        object: live.clone(),
        action: Some(Action::Delete),
        proof: None,
    };
    Ok(live.filter(|(_, live)| !used.contains(&&live.id)).map(deletion).collect())
}

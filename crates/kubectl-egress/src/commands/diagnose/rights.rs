//! Whether the user may write what `add` and `remove` write in a namespace.
//!
//! Knows the kinds and verbs, not what a missing permission means.

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError};
use egress_core::role::Kind;
use egress_diagnose::facts::Rights;

/// The kinds that every layout writes in the caller namespace.
const KINDS: [Kind; 2] = [Kind::ServiceEntry, Kind::VirtualService];
/// Server-side apply needs `patch`, and `create` too if the object does not exist.
const VERBS: [&str; 3] = ["create", "patch", "delete"];

/// The user's permissions in a namespace.
pub(super) async fn of(cluster: &Cluster, namespace: &str) -> Result<Rights, ClusterError> {
    let right = |kind: Kind, verb| Right {
        verb,
        group: kind.group(),
        resource: kind.plural(),
        subresource: "",
        namespace: Some(namespace.to_owned()),
        name: None,
    };
    let asked: Vec<Right> = KINDS.into_iter().flat_map(|kind| VERBS.map(|verb| right(kind, verb))).collect();
    let allowed = cluster.can_i(&asked).await?;
    let mut rights = Rights::default();
    for (right, allowed) in asked.iter().zip(allowed) {
        let words = format!("{} {}.{}", right.verb, right.resource, right.group);
        if allowed {
            rights.held.insert(words)
        } else {
            rights.missing.insert(words)
        };
    }
    Ok(rights)
}

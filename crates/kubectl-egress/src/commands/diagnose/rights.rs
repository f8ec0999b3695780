//! Whether the user may write what `add` and `remove` write in a namespace.
//!
//! Knows which kinds and verbs that are. What a lack means is decided elsewhere.

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError};
use egress_core::role::Kind;
use egress_diagnose::evidence::Rights;

/// What every layout writes beside the callers.
const KINDS: [Kind; 2] = [Kind::ServiceEntry, Kind::VirtualService];
/// Server-side apply is a patch, and a create as well where the object does not exist.
const VERBS: [&str; 3] = ["create", "patch", "delete"];

/// The rights of the user in a namespace.
pub(super) async fn of(cluster: &Cluster, namespace: &str) -> Result<Rights, ClusterError> {
    let right = |kind: Kind, verb| Right {
        verb,
        group: Kind::GROUP,
        resource: kind.plural(),
        subresource: "",
        namespace: Some(namespace.to_owned()),
        name: None,
    };
    let asked: Vec<Right> = KINDS.into_iter().flat_map(|kind| VERBS.map(|verb| right(kind, verb))).collect();
    let allowed = cluster.may(&asked).await?;
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

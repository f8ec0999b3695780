//! Whose proxies the user may read: asked once for all namespaces of a command, since many hosts have the same few.

use std::collections::BTreeSet;

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError, envoy};

/// Of these namespaces, those whose proxies may be read.
///
/// # Errors
/// The API server does not answer.
pub(super) async fn readable(
    cluster: &Cluster,
    namespaces: impl IntoIterator<Item = String>,
) -> Result<BTreeSet<String>, ClusterError> {
    let mut namespaces: BTreeSet<String> = namespaces.into_iter().collect();
    let rights: Vec<Right> = namespaces.iter().flat_map(|namespace| envoy::rights(namespace)).collect();
    let allowed = cluster.can_i(&rights).await?;
    for (right, _) in rights.iter().zip(allowed).filter(|(_, allowed)| !allowed) {
        if let Some(namespace) = &right.namespace {
            namespaces.remove(namespace);
        }
    }
    Ok(namespaces)
}

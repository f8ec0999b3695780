//! The permissions that the commands of the guard need, and what to type without them.

use egress_cluster::Cluster;
use egress_cluster::access::Right;
use egress_cluster::admission::{BINDINGS, GROUP, POLICIES};

use crate::exit::{Code, Failure};

/// Refuses without the permissions, before any change. A policy is written and deleted by its name.
pub(super) async fn require(cluster: &Cluster, rights: Vec<Right>) -> anyhow::Result<()> {
    let allowed = cluster.can_i(&rights).await?;
    let missing: Vec<String> = rights
        .iter()
        .zip(allowed)
        .filter(|(_, allowed)| !allowed)
        .map(|(right, _)| right.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure {
        code: Code::Unreachable,
        message: format!("you lack the permission to {}", missing.join("; ")),
        hint: Some(format!(
            "an administrator can grant it: `kubectl create clusterrole egress-guard --verb=get,list,create,patch,delete \
             --resource={POLICIES}.{GROUP},{BINDINGS}.{GROUP}`; the trial also needs `create` on the guarded kinds in one \
             namespace"
        )),
    }
    .into())
}

/// A permission for policies and for bindings.
pub(super) fn rights(verbs: &[&'static str]) -> Vec<Right> {
    let of = |resource| {
        verbs.iter().map(move |verb| Right {
            verb,
            group: GROUP,
            resource,
            subresource: "",
            namespace: None,
            name: None,
        })
    };
    of(POLICIES).chain(of(BINDINGS)).collect()
}

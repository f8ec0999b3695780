//! Whether the user may write what a plan writes, asked before the first write.

use std::collections::BTreeSet;

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError};
use egress_core::plan::{Action, Plan};
use egress_core::role::Kind;

/// Every write of the plans that the API server would refuse, in kubectl's words, each once.
pub(super) async fn missing(cluster: &Cluster, plans: &[Plan]) -> Result<Vec<String>, ClusterError> {
    let needed: BTreeSet<(&'static str, Kind, &str)> = plans
        .iter()
        .flat_map(Plan::writes)
        .flat_map(|(step, action)| {
            let id = &step.object.id;
            verbs(action).iter().map(move |verb| (*verb, id.kind, id.namespace.as_str()))
        })
        .collect();
    let rights: Vec<Right> = needed
        .iter()
        .map(|(verb, kind, namespace)| Right {
            verb,
            group: Kind::GROUP,
            resource: kind.plural(),
            subresource: "",
            namespace: Some((*namespace).to_owned()),
            name: None,
        })
        .collect();
    let allowed = cluster.may(&rights).await?;
    let refused = needed.iter().zip(allowed).filter(|(_, allowed)| !allowed);
    Ok(refused
        .map(|((verb, kind, namespace), _)| {
            format!("{verb} {}.{} in namespace {namespace}", kind.plural(), Kind::GROUP)
        })
        .collect())
}

/// Server-side apply is a patch, and a create as well where the object does not exist.
fn verbs(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Create => &["create", "patch"],
        Action::Update(_) => &["patch"],
        Action::Delete => &["delete"],
    }
}

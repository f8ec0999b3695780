//! Whether the user may write what a plan writes, asked before the first write.

use std::collections::BTreeSet;
use std::fmt;

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError};
use egress_core::plan::{Action, Plan};
use egress_core::role::Kind;

/// Verbs on one kind in one namespace that the user does not have.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub namespace: String,
    pub kind: Kind,
    pub verbs: Vec<&'static str>,
}

/// What the plans write and the API server would refuse.
pub(super) async fn missing(cluster: &Cluster, plans: &[Plan]) -> Result<Vec<Missing>, ClusterError> {
    let needed: BTreeSet<(&str, Kind, &'static str)> = plans
        .iter()
        .flat_map(Plan::writes)
        .flat_map(|(step, action)| {
            let id = &step.object.id;
            verbs(action).iter().map(move |verb| (id.namespace.as_str(), id.kind, *verb))
        })
        .collect();
    let rights: Vec<Right> =
        needed.iter().map(|(namespace, kind, verb)| right((*namespace).to_owned(), *kind, verb)).collect();
    let allowed = cluster.may(&rights).await?;
    let mut missing: Vec<Missing> = Vec::new();
    for ((namespace, kind, verb), _) in needed.iter().zip(allowed).filter(|(_, allowed)| !allowed) {
        match missing.iter_mut().find(|found| found.namespace == *namespace && found.kind == *kind) {
            Some(found) => found.verbs.push(verb),
            None => {
                missing.push(Missing { namespace: (*namespace).to_owned(), kind: *kind, verbs: vec![verb] });
            }
        }
    }
    Ok(missing)
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { namespace, kind, verbs } = self;
        write!(
            formatter,
            "{} {}.{} in namespace {namespace}",
            verbs.join(" and "),
            kind.plural(),
            Kind::GROUP
        )
    }
}

fn right(namespace: String, kind: Kind, verb: &'static str) -> Right {
    let (group, resource) = (Kind::GROUP, kind.plural());
    Right { verb, group, resource, subresource: "", namespace: Some(namespace), name: None }
}

/// Server-side apply is a patch, and a create as well where the object does not exist.
fn verbs(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Create => &["create", "patch"],
        Action::Update(_) => &["patch"],
        Action::Delete => &["delete"],
    }
}

//! Checks the permissions for a plan before its first write, and says what to type if one is missing.

use std::collections::BTreeSet;
use std::fmt;

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError};
use egress_core::command::{ShellCommand, Word};
use egress_core::plan::{Action, Plan};
use egress_core::role::Kind;

use crate::exit::{Code, Failure};

/// Verbs on one kind in one namespace that the user does not have.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub namespace: String,
    pub kind: Kind,
    pub verbs: Vec<&'static str>,
}

/// The writes of the plans that the API server would refuse.
pub(super) async fn missing(cluster: &Cluster, plans: &[Plan]) -> Result<Vec<Missing>, ClusterError> {
    let needed: BTreeSet<(&str, Kind, &'static str)> = plans
        .iter()
        .flat_map(Plan::writes)
        .flat_map(|(step, action)| {
            let id = &step.object.id;
            verbs(action).iter().map(move |verb| (id.namespace.as_str(), id.kind, *verb))
        })
        .collect();
    lacking(cluster, &needed).await
}

/// Refuses users without permission to write egresses in the namespace, before anything else is read.
pub(super) async fn require_in(cluster: &Cluster, namespace: &str) -> anyhow::Result<()> {
    let kinds = [Kind::ServiceEntry, Kind::VirtualService];
    let needed = kinds
        .iter()
        .flat_map(|kind| verbs(&Action::Create).iter().map(|verb| (namespace, *kind, *verb)))
        .collect();
    let missing = lacking(cluster, &needed).await?;
    if missing.is_empty() { Ok(()) } else { Err(refusal(&missing, namespace).into()) }
}

/// The refusal for missing permissions, with the command that grants them; `home` is the namespace whose egresses
/// change.
pub(super) fn refusal(missing: &[Missing], home: &str) -> Failure {
    let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let hint = match missing.iter().find(|right| right.namespace == home) {
        Some(right) => format!(
            "ask for it: `{}`",
            ShellCommand::new(["kubectl", "create", "role", "egress-editor"])
                .in_namespace(home)
                .word("--verb=get,list,create,patch,delete")
                .word(Word::from("--resource=").and(kinds_of(missing, &right.namespace)))
        ),
        None => format!(
            "the gateway's owner writes the two shared objects with the first host; `--layout documented` needs \
             permissions only in namespace {home}"
        ),
    };
    Failure {
        code: Code::Unreachable,
        message: format!("you lack the permission to {}", list.join("; ")),
        hint: Some(hint),
    }
}

fn kinds_of(missing: &[Missing], namespace: &str) -> Word {
    let kinds = missing.iter().filter(|right| right.namespace == namespace);
    kinds.enumerate().fold(Word::from(""), |all, (place, right)| {
        let separator = if place == 0 { "" } else { "," };
        all.and(separator).and(Word::name(&format!("{}.{}", right.kind.plural(), right.kind.group())))
    })
}

async fn lacking(
    cluster: &Cluster,
    needed: &BTreeSet<(&str, Kind, &'static str)>,
) -> Result<Vec<Missing>, ClusterError> {
    let rights: Vec<Right> =
        needed.iter().map(|(namespace, kind, verb)| right((*namespace).to_owned(), *kind, verb)).collect();
    let allowed = cluster.can_i(&rights).await?;
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
            kind.group()
        )
    }
}

fn right(namespace: String, kind: Kind, verb: &'static str) -> Right {
    let (group, resource) = (kind.group(), kind.plural());
    Right { verb, group, resource, subresource: "", namespace: Some(namespace), name: None }
}

/// Server-side apply needs `patch`, and `create` too if the object does not exist.
fn verbs(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Create => &["create", "patch"],
        Action::Update(_) | Action::Narrow(_) => &["patch"],
        Action::Delete => &["delete"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the kind: a permission on objects of another API group was asked for in the group of Istio, which has none.
    #[test]
    fn a_permission_is_of_the_api_group_of_its_kind() {
        for kind in Kind::ALL {
            let asked = right("shop".to_owned(), kind, "create");
            assert_eq!((asked.group, asked.resource), (kind.group(), kind.plural()));

            let missing = Missing { namespace: "shop".to_owned(), kind, verbs: vec!["create"] };
            let resource = format!("{}.{}", kind.plural(), kind.group());
            let Failure { message, hint, .. } = refusal(&[missing], "shop");
            assert_eq!(message, format!("you lack the permission to create {resource} in namespace shop"));
            assert!(hint.unwrap().contains(&format!("--resource={resource}")), "{kind}");
        }
    }
}

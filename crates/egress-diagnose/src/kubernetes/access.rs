//! What service accounts may do, by Roles, ClusterRoles and what binds them.
//!
//! Follows `VisitRulesFor` and `RuleAllows` of Kubernetes' RBAC authorizer. A cluster may have other authorizers, which are not
//! known here.

use egress_core::related_resources::{AccessBinding, AccessRole, Named};
use k8s_openapi::api::rbac::v1::{PolicyRule, Subject};

/// The ClusterRoles that every cluster has, and that allow to list Secrets.
const BUILT_IN: [&str; 3] = ["cluster-admin", "admin", "edit"];

/// Roles, and who has them.
#[derive(Clone, Copy)]
pub(crate) struct RoleAccess<'a> {
    /// Roles, and without a namespace ClusterRoles.
    pub(crate) roles: &'a [Named<AccessRole>],
    /// RoleBindings, and without a namespace ClusterRoleBindings.
    pub(crate) bindings: &'a [Named<AccessBinding>],
}

/// Whether an account may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// A role allows it.
    Allowed,
    /// No role does.
    Refused,
    /// A role that it has is not among the facts.
    Unknown,
}

impl RoleAccess<'_> {
    /// Whether a service account may list the Secrets of its namespace.
    pub(crate) fn lists_secrets(&self, namespace: &str, account: &str) -> Permission {
        let counts = |binding: &&Named<AccessBinding>| {
            (binding.namespace.is_empty() || binding.namespace == namespace)
                && binding.spec.subjects.iter().any(|subject| is_it(subject, binding, namespace, account))
        };
        let mut is_unknown = false;
        for binding in self.bindings.iter().filter(counts) {
            let home = if binding.spec.is_cluster_role { "" } else { binding.namespace.as_str() };
            let role =
                self.roles.iter().find(|role| role.namespace == home && role.name == binding.spec.role);
            match role {
                Some(role) if role.spec.rules.iter().any(lists_secrets) => return Permission::Allowed,
                Some(role) => is_unknown |= role.spec.is_aggregated && role.spec.rules.is_empty(),
                None if home.is_empty() && BUILT_IN.contains(&binding.spec.role.as_str()) => {
                    return Permission::Allowed;
                }
                None => is_unknown |= binding.spec.role != "view",
            }
        }
        if is_unknown { Permission::Unknown } else { Permission::Refused }
    }
}

/// Whether a subject of a binding is the account, or a group that it is in.
fn is_it(subject: &Subject, binding: &Named<AccessBinding>, namespace: &str, account: &str) -> bool {
    match subject.kind.as_str() {
        "ServiceAccount" => {
            let home = subject.namespace.as_deref().unwrap_or(&binding.namespace);
            home == namespace && subject.name == account
        }
        "User" => subject.name == format!("system:serviceaccount:{namespace}:{account}"),
        "Group" => {
            matches!(subject.name.as_str(), "system:serviceaccounts" | "system:authenticated")
                || subject.name.strip_prefix("system:serviceaccounts:") == Some(namespace)
        }
        _ => false,
    }
}

/// Names of objects limit a rule: who lists asks for none.
fn lists_secrets(rule: &PolicyRule) -> bool {
    let has = |words: Option<&Vec<String>>, wanted: &str| {
        words.into_iter().flatten().any(|word| word == "*" || word == wanted)
    };
    has(Some(&rule.verbs), "list")
        && has(rule.api_groups.as_ref(), "")
        && has(rule.resources.as_ref(), "secrets")
        && rule.resource_names.as_ref().is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named<S: Default>(namespace: &str, spec: S) -> Named<S> {
        Named { namespace: namespace.to_owned(), name: "reader".to_owned(), spec, ..Named::default() }
    }

    /// The answer where a subject has a rule, in this namespace or without one.
    fn asked(allowed: serde_json::Value, subject: serde_json::Value, home: &str) -> Permission {
        let allows = vec![serde_json::from_value(allowed).unwrap()];
        let bound = AccessBinding {
            role: "reader".to_owned(),
            is_cluster_role: home.is_empty(),
            subjects: vec![serde_json::from_value(subject).unwrap()],
        };
        let roles = [named(home, AccessRole { rules: allows, is_aggregated: false })];
        let bindings = [named(home, bound)];
        RoleAccess { roles: &roles, bindings: &bindings }.lists_secrets("egress", "gateway")
    }

    #[test]
    fn a_role_of_the_namespace_or_of_the_cluster_allows_the_accounts_and_groups_that_it_names() {
        let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]});
        let account = json!({"kind": "ServiceAccount", "name": "gateway", "namespace": "egress"});
        assert_eq!(asked(rule.clone(), account.clone(), "egress"), Permission::Allowed);
        assert_eq!(asked(rule.clone(), account.clone(), ""), Permission::Allowed);
        assert_eq!(asked(rule.clone(), account, "shop"), Permission::Refused);
        let group = json!({"kind": "Group", "name": "system:serviceaccounts:egress", "apiGroup": ""});
        assert_eq!(asked(rule.clone(), group, ""), Permission::Allowed);
        let other = json!({"kind": "ServiceAccount", "name": "default", "namespace": "egress"});
        assert_eq!(asked(rule, other, "egress"), Permission::Refused);
    }

    #[test]
    fn a_rule_for_named_secrets_or_for_reading_one_lists_none() {
        let account = || json!({"kind": "ServiceAccount", "name": "gateway", "namespace": "egress"});
        let named =
            json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"], "resourceNames": ["a"]});
        assert_eq!(asked(named, account(), "egress"), Permission::Refused);
        let get = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        assert_eq!(asked(get, account(), "egress"), Permission::Refused);
    }
}

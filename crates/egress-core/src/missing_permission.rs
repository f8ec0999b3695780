//! A permission that the user lacks, as data: the API server says it in one sentence only.
//!
//! Knows the form of that sentence. The verb is in no other field of its answer.

/// What the API server says when a user lacks a permission, in parts:
/// `nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPermission {
    /// What stands before, such as what could not be read.
    pub before: String,
    /// `User "jane"`.
    pub who: String,
    /// `list`.
    pub verb: String,
    /// `nodes`, `pods/portforward`.
    pub resource: String,
    /// The namespace; none for the whole cluster.
    pub namespace: Option<String>,
}

impl MissingPermission {
    /// Reads it. `None` if it says more, such as a role that does not exist: that must be printed whole.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, said) = text.split_once(" is forbidden: ")?;
        let (who, rest) = said.split_once(" cannot ")?;
        let (verb, rest) = rest.split_once(" resource ")?;
        let is_all = rest.ends_with("at the cluster scope") || (rest.ends_with('"') && !rest.contains(": "));
        let resource = rest.strip_prefix('"')?.split('"').next()?;
        let namespace = rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.strip_suffix('"'));
        let before =
            before.strip_suffix(resource).and_then(|before| before.strip_suffix(": ")).unwrap_or(before);
        is_all.then(|| MissingPermission {
            before: before.to_owned(),
            who: who.to_owned(),
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_says_is_read_in_parts() {
        let text = r#"nodes could not be read: nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope"#;
        let found = MissingPermission::parse(text).unwrap();
        assert_eq!(found.before, "nodes could not be read");
        assert_eq!((found.who.as_str(), found.verb.as_str()), (r#"User "jane""#, "list"));
        assert_eq!((found.resource.as_str(), found.namespace), ("nodes", None));
        let text = r#"pods "egress-1" is forbidden: User "jane" cannot create resource "pods/portforward" in API group "" in the namespace "istio-system""#;
        let found = MissingPermission::parse(text).unwrap();
        assert_eq!(found.namespace.as_deref(), Some("istio-system"));
        assert_eq!(found.resource, "pods/portforward");
    }

    #[test]
    fn what_says_more_is_left_whole() {
        let text = r#"nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope: RBAC: clusterrole "x" not found"#;
        assert_eq!(MissingPermission::parse(text), None);
        assert_eq!(MissingPermission::parse("interrupted"), None);
    }
}

//! Which namespace is the mesh's root: there the cluster's policies are kept.
//!
//! Pure. Knows what istiod's objects say and when that is not enough. A root namespace that is not known is never
//! guessed: policies that nobody found would allow everything.

use std::collections::BTreeSet;

use crate::unreadable::Unreadable;

/// What was found about the root namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The namespace that the user named.
    pub named: Option<String>,
    /// What the configurations of the mesh say, each with the object that says it.
    pub said: Vec<Said>,
    /// What may say it and could not be read.
    pub hidden: Vec<Unreadable>,
    /// A control plane that runs outside of this cluster, by the webhook configuration that calls it.
    pub external: Option<String>,
}

/// What one configuration of a mesh says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// Which object, in kubectl's words.
    pub by: String,
    /// The root namespace.
    pub root: String,
}

/// The root namespace.
///
/// # Errors
/// Why it is not known, as a part of a sentence.
pub fn decide(evidence: &Evidence) -> Result<String, String> {
    let roots: BTreeSet<&str> = evidence.said.iter().map(|said| said.root.as_str()).collect();
    if let Some(named) = &evidence.named {
        // A namespace that the mesh does not know as its root holds no policies: nobody gets around them by a flag.
        if roots.is_empty() || roots.contains(named.as_str()) {
            return Ok(named.clone());
        }
        return Err(format!("`--root-namespace` names {named}, and {}", sayings(&evidence.said)));
    }
    let mut roots = roots.into_iter();
    match (roots.next(), roots.next()) {
        (Some(_), Some(_)) => Err(format!("the mesh has several: {}", sayings(&evidence.said))),
        (Some(root), None) => match (&evidence.external, evidence.hidden.first()) {
            (Some(webhook), _) => Err(format!("{webhook} calls a control plane outside this cluster")),
            (None, Some(hidden)) => Err(format!("{} could not be read: {}", hidden.what, hidden.why)),
            (None, None) => Ok(root.to_owned()),
        },
        (None, _) => Err(match evidence.hidden.first() {
            Some(hidden) => format!("{} could not be read: {}", hidden.what, hidden.why),
            None => "no configuration of a mesh was found".to_owned(),
        }),
    }
}

fn sayings(said: &[Said]) -> String {
    let mut all: Vec<&Said> = said.iter().collect();
    all.sort();
    let each = all.iter().map(|said| format!("{} says {}", said.by, said.root));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;

    fn said(by: &str, root: &str) -> Said {
        Said { by: by.to_owned(), root: root.to_owned() }
    }

    fn hidden() -> Unreadable {
        Unreadable::new(Input::Mesh, "configmap/istio", "forbidden").in_namespace("istio-system")
    }

    #[test]
    fn what_every_configuration_says_is_the_root() {
        let said = vec![said("configmap/istio", "mesh"), said("configmap/istio-1-31", "mesh")];
        assert_eq!(decide(&Evidence { said, ..Evidence::default() }), Ok("mesh".to_owned()));
    }

    #[test]
    fn nothing_is_guessed() {
        let why = |evidence: Evidence| decide(&evidence).unwrap_err();
        assert!(why(Evidence::default()).contains("no configuration"));
        let two = vec![said("configmap/istio-b", "b"), said("configmap/istio-a", "a")];
        let told = why(Evidence { said: two, ..Evidence::default() });
        assert!(told.ends_with("configmap/istio-a says a, configmap/istio-b says b"), "{told}");
        // One of two meshes may not be read: it may have another root.
        let one = vec![said("configmap/istio", "a")];
        let told = why(Evidence { said: one.clone(), hidden: vec![hidden()], ..Evidence::default() });
        assert!(told.contains("could not be read: forbidden"), "{told}");
        let webhook = Some("mutatingwebhookconfiguration/istio-sidecar-injector".to_owned());
        assert!(why(Evidence { said: one, external: webhook, ..Evidence::default() }).contains("outside"));
    }

    #[test]
    fn a_name_decides_where_the_cluster_does_not_and_never_against_it() {
        let named = |name: &str, said: Vec<Said>, hidden: Vec<Unreadable>| {
            decide(&Evidence { named: Some(name.to_owned()), said, hidden, external: None })
        };
        assert_eq!(named("mesh", Vec::new(), vec![hidden()]), Ok("mesh".to_owned()));
        let two = vec![said("configmap/istio-a", "a"), said("configmap/istio-b", "b")];
        assert_eq!(named("b", two.clone(), Vec::new()), Ok("b".to_owned()));
        let told = named("empty", two, Vec::new()).unwrap_err();
        assert!(told.starts_with("`--root-namespace` names empty, and configmap/istio-a says a"), "{told}");
    }
}

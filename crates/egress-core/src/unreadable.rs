//! Something that could not be read: which facts are missing, where, and why.
//!
//! Decisions match on these values, never on the words for people. Knows nothing of who reads.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::input::Input;

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// What, in kubectl's words: `pods in namespace istio-system`.
    pub what: String,
    /// The facts that are missing; none for a single object or a file that is not understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// The namespace it is in; none for all namespaces, and for what is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The namespaces that could be read nevertheless.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub read_in: BTreeSet<String>,
    /// Why: what the API server said, in one line.
    pub why: String,
}

impl Unreadable {
    /// What could not be read, named as kubectl does.
    pub fn new(input: impl Into<Option<Input>>, what: impl Into<String>, why: impl Into<String>) -> Self {
        let (input, what, why) = (input.into(), what.into(), why.into());
        Unreadable { what, input, namespace: None, read_in: BTreeSet::new(), why }
    }

    /// The same in one namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.what = format!("{} in namespace {namespace}", self.what);
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The same in all namespaces but these.
    #[must_use]
    pub fn outside(mut self, read_in: BTreeSet<String>) -> Self {
        let names: Vec<&str> = read_in.iter().map(String::as_str).collect();
        let place = match names.as_slice() {
            [] => "in all namespaces".to_owned(),
            [one] => format!("outside namespace {one}"),
            several => format!("outside namespaces {}", several.join(", ")),
        };
        self.what = format!("{} {place}", self.what);
        self.read_in = read_in;
        self
    }

    /// Whether facts of a namespace may be missing; without a namespace, of any.
    pub fn concerns(&self, namespace: Option<&str>) -> bool {
        namespace.is_none_or(|asked| match &self.namespace {
            Some(own) => own == asked,
            None => !self.read_in.contains(asked),
        })
    }

    /// Whether these are objects of Istio that make or break routes.
    pub fn is_of_istio(&self) -> bool {
        self.input.is_some_and(Input::is_of_istio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> Unreadable {
        Unreadable::new(Input::Pods, "pods", "forbidden")
    }

    #[test]
    fn a_namespace_is_concerned_unless_it_was_read_whatever_it_is_called() {
        // Words of the sentence are names of namespaces, too.
        for name in ["outside", "namespace", "pods", "billing"] {
            assert!(pods().outside(["shop".to_owned()].into()).concerns(Some(name)), "{name}");
            assert!(!pods().in_namespace("shop").concerns(Some(name)), "{name}");
        }
        assert!(!pods().outside(["shop".to_owned()].into()).concerns(Some("shop")));
        assert!(pods().in_namespace("shop").concerns(Some("shop")));
        assert!(pods().in_namespace("shop").concerns(None));
    }

    #[test]
    fn what_could_not_be_read_is_said_as_kubectl_says_it() {
        let read_in = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(pods().in_namespace("shop").what, "pods in namespace shop");
        assert_eq!(pods().outside(read_in(&[])).what, "pods in all namespaces");
        assert_eq!(pods().outside(read_in(&["a"])).what, "pods outside namespace a");
        assert_eq!(pods().outside(read_in(&["a", "b"])).what, "pods outside namespaces a, b");
    }
}

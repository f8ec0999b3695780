//! The identity of a pod.

use std::fmt;

use egress_core::snapshot::PodFacts;

/// A pod's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl PodName {
    /// The name of a pod.
    pub fn of(pod: &PodFacts) -> Self {
        PodName { namespace: pod.namespace.clone(), name: pod.name.clone() }
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "pod/{} in namespace {}", self.name, self.namespace)
    }
}

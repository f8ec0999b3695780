//! What policies add to finished objects: labels and annotations of their own, and the record of who judged.
//!
//! Never touches a spec, nor a label or annotation that is ours.

use std::collections::BTreeMap;

use super::part::Part;
use crate::metadata;
use crate::role::Role;

/// What is added to the objects of one egress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataPatch {
    /// Labels for each part.
    pub labels: BTreeMap<Role, BTreeMap<String, String>>,
    /// Annotations for each part.
    pub annotations: BTreeMap<Role, BTreeMap<String, String>>,
    /// The policies that judged, as the annotation holds them.
    pub policies: Option<String>,
}

impl MetadataPatch {
    /// Adds it to objects. Keys that are ours stay as they are.
    pub fn apply_to(&self, parts: &mut [Part]) {
        for Part { role, resource } in parts {
            let policies = self.policies.iter().map(|text| (metadata::key(metadata::POLICIES), text.clone()));
            let labels = self.labels.get(role).into_iter().flatten();
            let annotations = self.annotations.get(role).into_iter().flatten();
            for (key, value) in labels {
                resource.labels.entry(metadata::key(key)).or_insert_with(|| value.clone());
            }
            for (key, value) in
                annotations.map(|(key, value)| (metadata::key(key), value.clone())).chain(policies)
            {
                resource.annotations.entry(key).or_insert(value);
            }
        }
    }
}

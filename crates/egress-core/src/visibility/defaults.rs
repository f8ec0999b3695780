//! What the mesh says about objects without `exportTo`.
//!
//! Writes it into the objects, so that all else reads one field.

use crate::resource::{Resource, Spec};
use crate::snapshot::{DefaultExportTo, Snapshot};

/// Gives objects without `exportTo` the words that count for them.
pub fn apply_default_export_to(snapshot: &mut Snapshot) {
    let usual = &mut snapshot.mesh.default_export_to;
    usual.is_applied = true;
    for resource in &mut snapshot.resources {
        apply(resource, usual);
    }
}

/// The same for one object. `initDefaultExportMaps` and `setDestinationRules` in `pilot/pkg/model/push_context.go`, where
/// a DestinationRule knows `.` and `*` only.
pub fn apply(resource: &mut Resource, usual: &DefaultExportTo) {
    let (own, usual) = match &mut resource.spec {
        Spec::ServiceEntry(spec) => (&mut spec.export_to, usual.services.as_slice()),
        Spec::VirtualService(spec) => (&mut spec.export_to, usual.virtual_services.as_slice()),
        Spec::DestinationRule(spec) => {
            let private = usual.destination_rules.iter().find(|word| *word == ".");
            (&mut spec.export_to, private.map(std::slice::from_ref).unwrap_or_default())
        }
        Spec::Gateway(_) | Spec::Sidecar(_) | Spec::Untyped(_) => return,
    };
    if own.as_ref().is_none_or(Vec::is_empty) && !usual.is_empty() {
        *own = Some(usual.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_objects_without_words_of_their_own_take_those_of_the_mesh() {
        let entry = |name: &str, export_to: &[&str]| {
            Resource::from_json(&json!({
                "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
                "metadata": { "name": name, "namespace": "shop" },
                "spec": { "hosts": ["a.com"], "exportTo": export_to },
            }))
            .unwrap()
        };
        let mut snapshot =
            Snapshot { resources: vec![entry("bare", &[]), entry("own", &["*"])], ..Snapshot::default() };
        snapshot.mesh.default_export_to.services = vec![".".to_owned()];
        apply_default_export_to(&mut snapshot);
        let words =
            |place: usize| snapshot.resources[place].service_entry().unwrap().export_to.clone().unwrap();
        assert_eq!((words(0), words(1)), (vec![".".to_owned()], vec!["*".to_owned()]));
    }
}

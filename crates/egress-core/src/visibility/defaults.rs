//! What the mesh says about objects without `exportTo`.
//!
//! Writes it into the objects, so that all else reads one field. Not for objects that are compared with what was written.

use crate::resource::Spec;
use crate::snapshot::{DefaultExportTo, Snapshot};

/// Gives objects without `exportTo` the words that count for them. `initDefaultExportMaps` and `setDestinationRules` in
/// `pilot/pkg/model/push_context.go`, where a DestinationRule knows `.` and `*` only.
pub fn apply_default_export_to(snapshot: &mut Snapshot) {
    let DefaultExportTo { services, virtual_services, destination_rules } =
        snapshot.mesh.default_export_to.clone();
    let is_private = destination_rules.iter().any(|word| word == ".");
    let rules = if is_private { vec![".".to_owned()] } else { Vec::new() };
    for resource in &mut snapshot.resources {
        let (own, usual) = match &mut resource.spec {
            Spec::ServiceEntry(spec) => (&mut spec.export_to, &services),
            Spec::VirtualService(spec) => (&mut spec.export_to, &virtual_services),
            Spec::DestinationRule(spec) => (&mut spec.export_to, &rules),
            Spec::Gateway(_) | Spec::Sidecar(_) | Spec::Untyped(_) => continue,
        };
        if own.as_ref().is_none_or(Vec::is_empty) && !usual.is_empty() {
            *own = Some(usual.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Resource;

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

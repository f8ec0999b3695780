//! What the mesh says about objects without `exportTo`.
//!
//! Writes it into the objects, so that all else reads one field.

use crate::resource::{Resource, Spec};
use crate::snapshot::{DefaultExportTo, Home, Meshes, Snapshot};

/// Gives objects without `exportTo` the words that count for them: those of the mesh of their namespace.
pub fn apply_default_export_to(snapshot: &mut Snapshot) {
    let mut homes = Vec::new();
    if !snapshot.other_meshes.is_empty() {
        let meshes = Meshes::of(snapshot);
        homes.extend(snapshot.resources.iter().map(|resource| meshes.home(&resource.id.namespace)));
    }
    let Snapshot { mesh, other_meshes, resources, .. } = snapshot;
    mesh.default_export_to.is_applied = true;
    for (place, resource) in resources.iter_mut().enumerate() {
        let other = match homes.get(place) {
            // The first is the mesh of the snapshot.
            Some(Home::Mesh(number)) => number.checked_sub(1).and_then(|number| other_meshes.get(number)),
            Some(Home::Undiscovered) | None => None,
        };
        apply(resource, &other.unwrap_or(mesh).default_export_to);
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
    use crate::snapshot::MeshFacts;

    #[test]
    fn only_objects_without_words_of_their_own_take_those_of_the_mesh() {
        let mut snapshot = Snapshot {
            resources: vec![entry("bare", "shop", &[]), entry("own", "shop", &["*"])],
            ..Snapshot::default()
        };
        snapshot.mesh.default_export_to.services = vec![".".to_owned()];
        apply_default_export_to(&mut snapshot);
        assert_eq!((words(&snapshot, 0), words(&snapshot, 1)), (vec!["."], vec!["*"]));
    }

    #[test]
    fn of_several_meshes_the_one_of_the_namespace_counts() {
        let mut snapshot = Snapshot {
            resources: vec![entry("one", "root-a", &[]), entry("two", "root-b", &[])],
            ..Snapshot::default()
        };
        let mesh = |root: &str, word: &str| {
            let mut mesh = MeshFacts { root_namespace: root.to_owned(), ..MeshFacts::default() };
            mesh.default_export_to.services = vec![word.to_owned()];
            mesh
        };
        snapshot.mesh = mesh("root-a", ".");
        snapshot.other_meshes = vec![mesh("root-b", "*")];
        apply_default_export_to(&mut snapshot);
        assert_eq!((words(&snapshot, 0), words(&snapshot, 1)), (vec!["."], vec!["*"]));
    }

    fn entry(name: &str, namespace: &str, export_to: &[&str]) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": { "name": name, "namespace": namespace },
            "spec": { "hosts": ["a.com"], "exportTo": export_to },
        }))
        .unwrap()
    }

    fn words(snapshot: &Snapshot, place: usize) -> Vec<&str> {
        let entry = snapshot.resources[place].service_entry().unwrap();
        entry.export_to.iter().flatten().map(String::as_str).collect()
    }
}

//! Which mesh of a cluster a namespace belongs to, where it has several.
//!
//! Knows discovery selectors, revisions, and, where the labels of namespaces were not read, the names in objects. Knows
//! nothing of what an object means.

use std::collections::{BTreeMap, BTreeSet};

use super::{MeshFacts, Snapshot};
use crate::label_selector::selects;
use crate::visibility::destinations::destinations;

/// The label of namespaces and pods, and the annotation of injected pods, that names a revision of istiod.
const REVISION: &str = "istio.io/rev";

/// The meshes of a cluster, and what tells namespaces apart.
pub struct Meshes<'a> {
    all: Vec<&'a MeshFacts>,
    labels: BTreeMap<&'a str, &'a BTreeMap<String, String>>,
    revisions: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Namespaces without labels, by what objects in a mesh lead to.
    named: BTreeMap<&'a str, usize>,
}

/// The mesh of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The one at this place in the list of all.
    Mesh(usize),
    /// No istiod reads objects there.
    Undiscovered,
}

impl<'a> Meshes<'a> {
    /// Those of a cluster.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let all: Vec<&MeshFacts> = std::iter::once(&snapshot.mesh).chain(&snapshot.other_meshes).collect();
        let labels = snapshot.namespaces.iter().map(|facts| (facts.name.as_str(), &facts.labels)).collect();
        let mut revisions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let told = |map: &'a BTreeMap<String, String>| map.get(REVISION).map(String::as_str);
        for pod in &snapshot.pods {
            let own = told(&pod.annotations).or_else(|| told(&pod.labels));
            revisions.entry(&pod.namespace).or_default().extend(own);
        }
        for namespace in &snapshot.namespaces {
            revisions.entry(&namespace.name).or_default().extend(told(&namespace.labels));
        }
        let mut meshes = Meshes { all, labels, revisions, named: BTreeMap::new() };
        if meshes.all.len() > 1 {
            meshes.learn(snapshot);
        }
        meshes
    }

    /// All of them.
    pub fn all(&self) -> &[&'a MeshFacts] {
        &self.all
    }

    /// Whether the objects of a namespace may not be read by every control plane.
    pub fn tells_apart(&self) -> bool {
        self.all.len() > 1 || self.all.iter().any(|mesh| !mesh.discovery_selectors.is_empty())
    }

    /// The mesh of a namespace. Several that read its objects: the one whose revision its pods have, else the first.
    pub fn home(&self, namespace: &str) -> Home {
        if let Some(own) = self.all.iter().position(|mesh| is_own(mesh, namespace)) {
            return Home::Mesh(own);
        }
        let Some(labels) = self.labels.get(namespace) else {
            let named = || self.named.get(namespace).copied();
            return Home::Mesh(self.by_revision(namespace, |_| true).or_else(named).unwrap_or_default());
        };
        let reads = |mesh: &MeshFacts| discovers(mesh, labels);
        let chosen = || self.all.iter().position(|mesh| !mesh.discovery_selectors.is_empty() && reads(mesh));
        let any = || self.all.iter().position(|mesh| reads(mesh));
        let found = self.by_revision(namespace, reads).or_else(chosen).or_else(any);
        found.map_or(Home::Undiscovered, Home::Mesh)
    }

    fn by_revision(&self, namespace: &str, reads: impl Fn(&MeshFacts) -> bool) -> Option<usize> {
        let revisions = self.revisions.get(namespace)?;
        let is_of = |mesh: &&MeshFacts| revisions.contains(revision(mesh)) && reads(mesh);
        self.all.iter().position(is_of)
    }

    /// Namespaces without labels belong to the mesh whose objects lead to them, or that their own objects lead to.
    fn learn(&mut self, snapshot: &'a Snapshot) {
        let domain = format!(".svc.{}", snapshot.mesh.cluster_domain);
        let service = |host: &'a str| Some(host.strip_suffix(&domain)?.split_once('.')?.1);
        let mut links: Vec<(&str, &str)> = Vec::new();
        for resource in &snapshot.resources {
            let routes = resource.virtual_service().into_iter().flat_map(destinations).map(|to| to.host);
            let rule = resource.destination_rule().map(|spec| spec.host.as_str());
            let led = routes.chain(rule).filter_map(service);
            links.extend(led.map(|to| (resource.id.namespace.as_str(), to)));
        }
        let of = |meshes: &Self, namespace: &str| {
            let own = || meshes.all.iter().position(|mesh| is_own(mesh, namespace));
            let named = meshes.named.get(namespace).copied();
            named.or_else(own).or_else(|| meshes.by_revision(namespace, |_| true))
        };
        loop {
            let before = self.named.len();
            for (one, other) in &links {
                match (of(self, one), of(self, other)) {
                    (Some(mesh), None) => self.named.insert(other, mesh),
                    (None, Some(mesh)) => self.named.insert(one, mesh),
                    _ => None,
                };
            }
            if self.named.len() == before {
                return;
            }
        }
    }
}

/// Whether a namespace holds a mesh's own objects.
fn is_own(mesh: &MeshFacts, namespace: &str) -> bool {
    namespace == mesh.root_namespace || mesh.config_map.as_ref().is_some_and(|(home, _)| home == namespace)
}

/// The revision of a mesh's istiod, by the name of its ConfigMap: `getMeshConfigMapName` in
/// `pilot/pkg/bootstrap/mesh.go`.
fn revision(mesh: &MeshFacts) -> &str {
    let name = mesh.config_map.as_ref().map_or("istio", |(_, name)| name.as_str());
    name.strip_prefix("istio-").unwrap_or("default")
}

/// Whether istiod reads the objects of a namespace with these labels: `isSelectedLocked` in
/// `pkg/kube/namespace/filter.go`.
fn discovers(mesh: &MeshFacts, labels: &BTreeMap<String, String>) -> bool {
    let selectors = &mesh.discovery_selectors;
    selectors.is_empty() || selectors.iter().any(|selector| selects(selector, labels))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Resource;
    use crate::snapshot::{NamespaceFacts, PodFacts};

    fn mesh(name: &str) -> MeshFacts {
        let selector = json!({ "matchLabels": { "mesh": name } });
        MeshFacts {
            root_namespace: format!("root-{name}"),
            config_map: Some((format!("root-{name}"), format!("istio-{name}"))),
            discovery_selectors: vec![serde_json::from_value(selector).unwrap()],
            ..MeshFacts::default()
        }
    }

    fn two() -> Snapshot {
        Snapshot { mesh: mesh("a"), other_meshes: vec![mesh("b")], ..Snapshot::default() }
    }

    #[test]
    fn a_namespace_belongs_to_the_mesh_that_selects_its_labels() {
        let named = |name: &str, mesh: &str| NamespaceFacts {
            name: name.to_owned(),
            labels: [("mesh".to_owned(), mesh.to_owned())].into(),
            accepts: None,
        };
        let snapshot = Snapshot { namespaces: vec![named("shop", "b"), named("dns", "none")], ..two() };
        let meshes = Meshes::of(&snapshot);
        assert_eq!(meshes.home("shop"), Home::Mesh(1));
        assert_eq!(meshes.home("dns"), Home::Undiscovered);
        assert_eq!(meshes.home("root-b"), Home::Mesh(1));
    }

    #[test]
    fn without_labels_pods_and_objects_tell() {
        let pod = PodFacts {
            namespace: "lab".to_owned(),
            annotations: [(REVISION.to_owned(), "b".to_owned())].into(),
            ..PodFacts::default()
        };
        let rule = Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": { "name": "out", "namespace": "root-b" },
            "spec": { "host": "out.egress.svc.cluster.local" },
        }));
        let snapshot = Snapshot { pods: vec![pod], resources: vec![rule.unwrap()], ..two() };
        let meshes = Meshes::of(&snapshot);
        assert_eq!(meshes.home("lab"), Home::Mesh(1));
        assert_eq!(meshes.home("egress"), Home::Mesh(1));
        assert_eq!(meshes.home("shop"), Home::Mesh(0));
    }
}

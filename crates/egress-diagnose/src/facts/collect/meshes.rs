//! The meshes of the objects: what the ConfigMaps of control planes say together.
//!
//! Knows their names, and istiod's variable for a second one. Which namespaces belong to which mesh is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::kubernetes::Pod;
use egress_core::objects::{self, is_istiod};
use egress_core::snapshot::{MeshFacts, NamespaceFacts, OutboundMode, PodFacts};

/// istiod's variable that names a ConfigMap for the fields that its own does not set: `pilot/pkg/features/pilot.go`.
const SHARED: &str = "SHARED_MESH_CONFIG";
/// Its name in AKS, where istiod's pods are not seen; the revision follows.
const SHARED_OF_AKS: &str = "istio-shared-configmap-";

/// A ConfigMap with a mesh configuration that can be read.
pub(super) struct MeshMap {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) accepts: Option<String>,
}

/// What tells which of them are in use.
pub(super) struct InUse<'a> {
    pub(super) objects: &'a [Pod],
    pub(super) pods: &'a [PodFacts],
    pub(super) namespaces: &'a [NamespaceFacts],
}

impl MeshMap {
    /// Whether a ConfigMap has the name of one: `istio`, or `istio-REVISION` of an installation with a revision.
    pub(super) fn is_one(name: &str) -> bool {
        name == "istio" || name.starts_with("istio-")
    }

    fn revision(&self) -> &str {
        self.name.strip_prefix("istio-").unwrap_or("default")
    }
}

/// Every mesh, one for each root namespace; the last of the ConfigMaps that is in use comes first.
pub(super) fn meshes(maps: &[MeshMap], in_use: &InUse<'_>) -> Vec<MeshFacts> {
    let mut last: BTreeMap<(&str, &str), &MeshMap> = BTreeMap::new();
    last.extend(maps.iter().map(|map| ((map.namespace.as_str(), map.name.as_str()), map)));
    let is_last = |map: &&MeshMap| {
        last.get(&(map.namespace.as_str(), map.name.as_str())).is_some_and(|one| std::ptr::eq(*one, *map))
    };
    let named = shared_names(in_use.objects);
    let is_shared =
        |map: &MeshMap| map.name.starts_with(SHARED_OF_AKS) || named.contains(&(&map.namespace, &map.name));
    let (shared, mut own): (Vec<_>, Vec<_>) = maps.iter().filter(is_last).partition(|map| is_shared(map));
    let homes: BTreeSet<&str> = istiods(in_use.pods).collect();
    if own.iter().any(|map| homes.contains(map.namespace.as_str())) {
        // What an earlier installation left behind describes no mesh.
        own.retain(|map| homes.contains(map.namespace.as_str()));
    }
    if own.is_empty() {
        own.clone_from(&shared);
    }
    let mut found: Vec<(bool, MeshFacts)> = Vec::new();
    for map in own.iter().rev() {
        let beside = |other: &&&MeshMap| {
            let revision = other.name.strip_prefix(SHARED_OF_AKS);
            other.namespace == map.namespace && revision.is_none_or(|revision| revision == map.revision())
        };
        let text = shared.iter().find(beside).map(|map| map.text.as_str());
        let Ok(mesh) = objects::mesh(&map.text, text) else { continue };
        let config_map = (!map.namespace.is_empty()).then(|| (map.namespace.clone(), map.name.clone()));
        let mesh = MeshFacts { accepts: map.accepts.clone(), config_map, ..mesh };
        let used = is_used(map, in_use);
        match found.iter_mut().find(|(_, other)| other.root_namespace == mesh.root_namespace) {
            // Revisions of one mesh. Which proxies use which is not known here: of several in use, the open one counts.
            Some((before, other)) => {
                let opens = |mesh: &MeshFacts| mesh.outbound.is_some_and(OutboundMode::lets_out);
                if (used && !*before) || (used == *before && opens(&mesh) && !opens(other)) {
                    (*before, *other) = (used, mesh);
                }
            }
            None => found.push((used, mesh)),
        }
    }
    found.into_iter().map(|(_, mesh)| mesh).collect()
}

/// Whether a namespace or a pod has its revision.
fn is_used(map: &MeshMap, in_use: &InUse<'_>) -> bool {
    let names = |labels: &BTreeMap<String, String>| {
        labels.get("istio.io/rev").is_some_and(|revision| revision == map.revision())
    };
    let injects = |labels: &BTreeMap<String, String>| {
        map.revision() == "default" && labels.get("istio-injection").is_some_and(|word| word == "enabled")
    };
    in_use.namespaces.iter().any(|facts| names(&facts.labels) || injects(&facts.labels))
        || in_use.pods.iter().any(|pod| names(&pod.labels) || names(&pod.annotations))
}

/// The namespaces in which istiod runs.
fn istiods(pods: &[PodFacts]) -> impl Iterator<Item = &str> {
    pods.iter().filter(|pod| is_istiod(pod)).map(|pod| pod.namespace.as_str())
}

/// The ConfigMaps that istiod's pods name, by namespace and name.
fn shared_names(pods: &[Pod]) -> BTreeSet<(&String, &String)> {
    let mut found = BTreeSet::new();
    for pod in pods {
        let (Some(namespace), Some(spec)) = (&pod.metadata.namespace, &pod.spec) else { continue };
        let variables = spec.containers.iter().flat_map(|container| container.env.iter().flatten());
        let named = variables.filter(|variable| variable.name == SHARED);
        found.extend(named.filter_map(|variable| Some((namespace, variable.value.as_ref()?))));
    }
    found
}

//! The facts of a cluster as each of its control planes reads them.
//!
//! An istiod with discovery selectors reads nothing of other namespaces, and a mesh may have other words for objects
//! without `exportTo`. Makes no findings.

use std::borrow::Cow;

use egress_core::objects::is_istiod;
use egress_core::resource::Resource;
use egress_core::snapshot::{Home, Meshes, Snapshot};
use egress_core::visibility::defaults::apply_default_export_to;

use super::cluster_facts::ClusterFacts;

/// The facts of each mesh: those with an egress gateway first. The objects that no control plane reads come with them.
pub(crate) fn by_mesh(facts: &ClusterFacts) -> (Vec<Cow<'_, ClusterFacts>>, Vec<&Resource>) {
    let meshes = Meshes::of(&facts.snapshot);
    if !meshes.tells_apart() {
        return (vec![with_defaults(Cow::Borrowed(facts))], Vec::new());
    }
    let count = meshes.all().len();
    let mut parts: Vec<Cow<'_, ClusterFacts>> =
        (0..count).map(|place| with_defaults(Cow::Owned(part(facts, &meshes, place)))).collect();
    parts.sort_by_key(|part| part.snapshot.gateways.is_empty());
    let unread = facts.snapshot.resources.iter();
    let unread = unread.filter(|resource| meshes.home(&resource.id.namespace) == Home::Undiscovered);
    (parts, unread.collect())
}

fn with_defaults(mut facts: Cow<'_, ClusterFacts>) -> Cow<'_, ClusterFacts> {
    let usual = &facts.snapshot.mesh.default_export_to;
    let lists = [&usual.services, &usual.virtual_services, &usual.destination_rules];
    if lists.iter().any(|words| !words.is_empty()) {
        apply_default_export_to(&mut facts.to_mut().snapshot);
    }
    facts
}

/// What belongs to one mesh. What is in no mesh, such as nodes, belongs to all, and so do Services, which callers of any mesh
/// may name, and istiods, whose webhooks judge the objects of all; of namespaces that no control plane
/// reads, only Istio's objects are left out.
fn part(facts: &ClusterFacts, meshes: &Meshes<'_>, place: usize) -> ClusterFacts {
    let is_read = |namespace: &str| meshes.home(namespace) == Home::Mesh(place);
    let is_near = |namespace: &str| is_read(namespace) || meshes.home(namespace) == Home::Undiscovered;
    let mut own = facts.clone();
    let Snapshot { mesh, other_meshes, gateways, resources, pods, namespaces, .. } = &mut own.snapshot;
    other_meshes.clear();
    if let Some(found) = meshes.all().get(place) {
        mesh.clone_from(found);
    }
    gateways.retain(|gateway| is_near(&gateway.name.namespace));
    resources.retain(|resource| is_read(&resource.id.namespace));
    pods.retain(|pod| is_near(&pod.namespace) || is_istiod(pod));
    namespaces.retain(|namespace| is_near(&namespace.name));
    let related = &mut own.related_resources;
    related.authorization_policies.retain(|policy| is_read(&policy.namespace));
    related.peer_authentications.retain(|policy| is_read(&policy.namespace));
    related.gateway_api.retain(|object| is_read(&object.object.namespace));
    own
}

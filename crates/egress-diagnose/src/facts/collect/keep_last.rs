//! Of several objects with the same identity the last one counts, as with `kubectl apply`: in files a name may stand twice.

use egress_core::related_resources::keep_last;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Collector;

impl Collector {
    /// Keeps the last of several objects with the same identity, whatever their kind.
    pub fn keep_last(&mut self) {
        let snapshot = &mut self.facts.snapshot;
        keep_last(&mut snapshot.resources, |resource| resource.id.clone());
        keep_last(&mut snapshot.nodes, |node| node.name.clone());
        keep_last(&mut snapshot.namespaces, |namespace| namespace.name.clone());
        keep_last(&mut self.services, |service| identity(&service.metadata));
        keep_last(&mut self.pods, |pod| identity(&pod.metadata));
        self.facts.related_resources.keep_last();
    }
}

fn identity(metadata: &ObjectMeta) -> (Option<String>, Option<String>) {
    (metadata.namespace.clone(), metadata.name.clone())
}

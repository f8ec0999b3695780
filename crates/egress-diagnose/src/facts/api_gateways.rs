//! Egress gateways of the Gateway API: those that istiod deploys for a Gateway, and Services that a Gateway names.
//!
//! Istio's own objects say nothing of them. What istiod makes of the Gateway API does, so they are found once that is known.

use egress_core::istio::gateway_api::MadeObjects;
use egress_core::label_selector::has_labels;
use egress_core::objects::Routed;
use egress_core::snapshot::{GatewayFacts, PodFacts};

use super::cluster_facts::ClusterFacts;

impl ClusterFacts {
    /// Adds the Services that routes of the Gateway API lead hosts outside the mesh to, and that a Gateway has listeners for.
    pub fn add_gateways_of_gateway_api(&mut self) {
        let made = MadeObjects::new(&self.snapshot, &self.related_resources);
        if made.objects().is_empty() {
            return;
        }
        let snapshot = &mut self.snapshot;
        let routed = Routed::among(snapshot.resources.iter().chain(made.objects()));
        for service in &snapshot.services {
            let is_known = |gateway: &GatewayFacts| {
                (&gateway.name.namespace, &gateway.name.service) == (&service.namespace, &service.name)
            };
            if service.selector.is_empty() || snapshot.gateways.iter().any(is_known) {
                continue;
            }
            let is_behind = |pod: &&PodFacts| {
                pod.namespace == service.namespace && has_labels(&pod.labels, &service.selector)
            };
            let Some(name) = routed.gateway(service, &[]) else { continue };
            snapshot.gateways.push(GatewayFacts {
                name,
                selector: service.selector.clone(),
                ports: service.ports.clone(),
                pods: snapshot.pods.iter().filter(is_behind).cloned().collect(),
                headless: service.headless,
                assumed: false,
            });
        }
        snapshot.gateways.sort_by(|one, other| one.name.cmp(&other.name));
    }
}

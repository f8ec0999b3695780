//! A cluster as it would be if some objects were applied.
//!
//! Knows which facts one object can change. What would follow from it, such as the pods of a Deployment, is not known.

use std::collections::HashSet;

use egress_core::input::{Gap, Input};
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::NamespaceFacts;
use egress_core::surroundings::{GatewayApiObject, Named};

use super::Evidence;

impl Evidence {
    /// Lays objects over these facts: an object of the same name is replaced and keeps its age, a new one is the youngest.
    /// What Envoys showed is dropped, as it is what was there before.
    pub fn lay_over(&mut self, applied: Evidence) {
        resources(&mut self.snapshot.resources, applied.snapshot.resources);
        namespaces(&mut self.snapshot.namespaces, applied.snapshot.namespaces);
        let (own, new) = (&mut self.surroundings, applied.surroundings);
        named(&mut own.authorization_policies, new.authorization_policies);
        named(&mut own.peer_authentications, new.peer_authentications);
        named(&mut own.network_policies, new.network_policies);
        named(&mut own.endpoint_slices, new.endpoint_slices);
        named(&mut own.budgets, new.budgets);
        named(&mut own.autoscalers, new.autoscalers);
        gateway_api(&mut own.gateway_api, new.gateway_api);
        if applied.snapshot.mesh.outbound.is_some() {
            let (version, domain) =
                (self.snapshot.mesh.api_version.clone(), self.snapshot.mesh.cluster_domain.clone());
            self.snapshot.mesh = applied.snapshot.mesh;
            (self.snapshot.mesh.api_version, self.snapshot.mesh.cluster_domain) = (version, domain);
        }
        self.proxies.clear();
        self.gaps.extend([Input::ClientProxies, Input::GatewayProxies].map(|input| (input, Gap::NotGiven)));
    }
}

fn resources(live: &mut Vec<Resource>, applied: Vec<Resource>) {
    let names: HashSet<ObjectId> = applied.iter().map(|resource| resource.id.clone()).collect();
    let (mut before, rest): (Vec<_>, Vec<_>) =
        std::mem::take(live).into_iter().partition(|resource| names.contains(&resource.id));
    *live = rest;
    live.extend(applied.into_iter().map(|mut resource| {
        let of_before = before.iter_mut().find(|before| before.id == resource.id);
        resource.live = of_before.and_then(|before| before.live.take());
        resource
    }));
}

fn namespaces(live: &mut Vec<NamespaceFacts>, applied: Vec<NamespaceFacts>) {
    live.retain(|namespace| applied.iter().all(|other| other.name != namespace.name));
    live.extend(applied);
}

fn named<S>(live: &mut Vec<Named<S>>, applied: Vec<Named<S>>) {
    let is = |one: &Named<S>, other: &Named<S>| one.namespace == other.namespace && one.name == other.name;
    live.retain(|object| !applied.iter().any(|other| is(other, object)));
    live.extend(applied);
}

fn gateway_api(live: &mut Vec<GatewayApiObject>, applied: Vec<GatewayApiObject>) {
    let is = |one: &GatewayApiObject, other: &GatewayApiObject| {
        one.kind == other.kind
            && one.object.namespace == other.object.namespace
            && one.object.name == other.object.name
    };
    live.retain(|object| !applied.iter().any(|other| is(other, object)));
    live.extend(applied);
}

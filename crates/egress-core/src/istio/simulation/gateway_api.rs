//! Where objects of the Gateway API decide: pods of its Gateways, and hosts of the mesh that have its routes.
//!
//! What their routes do is not computed here: a call that meets one is left open. In `pilot/pkg/config/kube/gateway` istiod
//! makes VirtualServices and Gateways of them. Waypoints are no part of this.

use std::collections::HashSet;

use serde_json::Value;

use super::ambient::ambient_addresses;
use super::world::World;
use crate::istio::waypoints::{Waypoint, waypoints};
use crate::label_selector::has_labels;
use crate::snapshot::PodFacts;

/// The label of a pod that names its Gateway.
pub(super) const GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

impl World<'_> {
    /// The hosts in full that routes are attached to.
    pub(super) fn routed_hosts(&self) -> &HashSet<String> {
        self.routed.get_or_init(|| {
            let routes = self.related.gateway_api.iter().filter(|object| object.kind.ends_with("Route"));
            let mut found = HashSet::new();
            for route in routes {
                let parents = route.object.spec.get("parentRefs").and_then(Value::as_array);
                for parent in parents.into_iter().flatten() {
                    found.extend(self.hosts_of(parent, &route.object.namespace));
                }
            }
            found
        })
    }

    /// The hosts of a parent of a route, where it is no gateway.
    fn hosts_of(&self, parent: &Value, owner: &str) -> Vec<String> {
        let word = |field: &str| parent.get(field).and_then(Value::as_str).unwrap_or_default();
        let namespace = match word("namespace") {
            "" => owner,
            named => named,
        };
        match word("kind") {
            "Service" => vec![format!("{}.{namespace}.svc.{}", word("name"), self.mesh.cluster_domain)],
            "ServiceEntry" => {
                let wanted = ("ServiceEntry", namespace, word("name"));
                let entries = self.services.iter().filter(|service| service.source.id() == wanted);
                entries.map(|service| service.host.to_string()).collect()
            }
            "Hostname" => vec![word("name").to_owned()],
            _ => Vec::new(),
        }
    }

    /// Whether a call by this name, or to this address, meets a route.
    pub(super) fn is_routed(&self, host: Option<&str>, address: &str) -> bool {
        let routed = self.routed_hosts();
        if routed.is_empty() {
            return false;
        }
        let domain = &self.mesh.cluster_domain;
        let of_service =
            self.service_at(address).map(|facts| format!("{}.{}.svc.{domain}", facts.name, facts.namespace));
        let of_entries = self.services.iter().filter(|service| {
            service.addresses.iter().any(|own| own == address)
                || ambient_addresses(service).iter().any(|own| own == address)
        });
        of_service.is_some_and(|name| routed.contains(&name))
            || host.is_some_and(|host| routed.contains(&host.to_ascii_lowercase()))
            || of_entries.into_iter().any(|service| routed.contains(service.host.as_ref()))
    }

    /// Whether a pod is a gateway of the Gateway API: istiod's own for one, or one behind a Service that such a Gateway names.
    pub(super) fn is_of_gateway_api(&self, pod: &PodFacts) -> bool {
        let waypoints: Vec<_> = waypoints(&self.related.gateway_api).iter().map(Waypoint::id).collect();
        let gateways = self.related.gateway_api.iter().filter(|object| object.kind == "Gateway");
        let mut gateways = gateways
            .map(|object| &object.object)
            .filter(|gateway| !waypoints.contains(&(gateway.namespace.as_str(), gateway.name.as_str())));
        gateways.any(|gateway| {
            let is_own = gateway.namespace == pod.namespace && pod.labels.get(GATEWAY) == Some(&gateway.name);
            let addresses = gateway.spec.get("addresses").and_then(Value::as_array).into_iter().flatten();
            let mut named = addresses.filter_map(|address| address.get("value")?.as_str());
            let is_before = |name: &str| {
                let short = format!("{name}.{}.svc", gateway.namespace);
                self.service_at(name).or_else(|| self.service_at(&short)).is_some_and(|service| {
                    service.namespace == pod.namespace
                        && !service.selector.is_empty()
                        && has_labels(&pod.labels, &service.selector)
                })
            };
            is_own || named.any(is_before)
        })
    }
}

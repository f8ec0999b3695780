//! Where objects of the Gateway API leave a call open: what istiod makes of them is not known, or not in full.
//!
//! Where it is known, they are Gateways and VirtualServices like others. Waypoints are no part of this.

use std::collections::HashSet;

use serde_json::Value;

use super::ambient::ambient_addresses;
use super::gateway::servers;
use super::scope::ProxyScope;
use super::world::World;
use crate::snapshot::PodFacts;

/// The label of a pod that names its Gateway.
pub(super) const GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

impl World<'_> {
    /// The hosts in full that routes are attached to.
    fn routed_hosts(&self) -> &HashSet<String> {
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

    /// Whether a call by this name, or to this address, meets a route of which it is not known what istiod makes of it: of
    /// sidecars that is known.
    pub(super) fn is_routed(&self, pod: &PodFacts, host: Option<&str>, address: &str) -> bool {
        if pod.has_sidecar {
            return false;
        }
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

    /// Whether a pod has servers of the Gateway API of which not everything is known.
    pub(super) fn has_open_servers(&self, scope: &ProxyScope<'_>) -> bool {
        servers(scope).any(|server| self.made.is_open(&server.object.id))
    }

    /// Whether it is not known how connections to a host in full are opened.
    pub(super) fn is_open_host(&self, host: &str) -> bool {
        self.made.is_open_host(host)
    }
}

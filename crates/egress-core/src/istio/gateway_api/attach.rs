//! The parents that a route is attached to: listeners of Gateways, and hosts of the mesh.
//!
//! Follows `extractParentReferenceInfo`, `referenceAllowed` and `hostnameAllowedByIsolation` in `conversion.go`.

use serde_json::Value;

use super::facts::{ApiFacts, GROUP};
use super::listeners::{ApiListener, hostnames};
use super::value::{list, number, text};
use crate::istio::simulation::{is_subset, overlap};
use crate::related_resources::GatewayApiObject;

/// A parent that a route is attached to.
pub(super) struct AttachedParent {
    /// What VirtualServices call it: `mesh`, or `namespace/name`.
    pub(super) internal: String,
    /// The hosts, where it is in the mesh.
    pub(super) mesh_hosts: Option<Vec<String>>,
    /// The port that the reference names.
    pub(super) port: Option<i64>,
    /// The host of the listener; empty where it is for all.
    pub(super) hostname: String,
    /// Hosts of other listeners of the same port and protocol.
    others: Vec<String>,
}

/// The parents that admit a route, in istiod's order: a listener of a Gateway is one.
pub(super) fn parents(
    facts: &ApiFacts<'_>,
    listeners: &[ApiListener<'_>],
    route: &GatewayApiObject,
) -> Vec<AttachedParent> {
    let owner = route.object.namespace.as_str();
    let mut found: Vec<(String, AttachedParent)> = Vec::new();
    for reference in list(&route.object.spec, "parentRefs") {
        let (group, kind) =
            (text(reference, "group").unwrap_or(GROUP), text(reference, "kind").unwrap_or("Gateway"));
        let name = text(reference, "name").unwrap_or_default();
        let namespace = text(reference, "namespace").unwrap_or(owner);
        let port = number(reference, "port");
        let section = text(reference, "sectionName").unwrap_or_default();
        let order = format!("{group}/{kind}/{name}/{section}/{}.{namespace}", port.unwrap_or_default());
        let hosts = match (group, kind) {
            (GROUP, "Gateway" | "ListenerSet") => {
                let own = listeners.iter().filter(|it| {
                    it.owner.kind == kind
                        && (&*it.owner.object.namespace, &*it.owner.object.name) == (namespace, name)
                });
                let own: Vec<_> = own.collect();
                for listener in own.iter().filter(|listener| admits(listener, route, reference)) {
                    found.push((order.clone(), at_gateway(listener, &own, port)));
                }
                continue;
            }
            ("", "Service") if facts.has_service(namespace, name) => {
                vec![facts.service_host(namespace, name)]
            }
            ("networking.istio.io", "ServiceEntry") => match facts.hosts_of_entry(namespace, name) {
                Some(hosts) => hosts.to_vec(),
                None => continue,
            },
            _ => continue,
        };
        let (internal, mesh_hosts) = ("mesh".to_owned(), Some(hosts));
        let parent =
            AttachedParent { internal, mesh_hosts, port, hostname: String::new(), others: Vec::new() };
        found.push((order, parent));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut found: Vec<AttachedParent> = found.into_iter().map(|(_, parent)| parent).collect();
    found.sort_by(|one, other| one.internal.cmp(&other.internal));
    found
}

impl AttachedParent {
    /// Whether no other listener is closer to a host of the route.
    pub(super) fn is_closest_to(&self, host: &str) -> bool {
        let own = self.hostname.as_str();
        if !own.is_empty() && !own.starts_with('*') {
            return true;
        }
        if !own.is_empty() && !overlap(host, own) {
            return false;
        }
        !self.others.iter().any(|other| own.len() <= other.len() && is_subset(host, other))
    }
}

fn at_gateway(listener: &ApiListener<'_>, all: &[&ApiListener<'_>], port: Option<i64>) -> AttachedParent {
    let others = all.iter().filter(|it| {
        it.section != listener.section
            && (it.port, it.protocol) == (listener.port, listener.protocol)
            && it.hostname != listener.hostname
    });
    AttachedParent {
        internal: listener.internal(),
        mesh_hosts: None,
        port,
        hostname: listener.hostname.to_owned(),
        others: others.map(|it| it.hostname.to_owned()).collect(),
    }
}

fn admits(listener: &ApiListener<'_>, route: &GatewayApiObject, reference: &Value) -> bool {
    let is_port = number(reference, "port").is_none_or(|port| port == 0 || port == listener.port);
    let section = text(reference, "sectionName").unwrap_or_default();
    // Routes of TCP have no hostnames, whatever is written.
    let names = if route.kind == "TCPRoute" { vec!["*"] } else { hostnames(route) };
    let has_host = listener.hosts.iter().filter_map(|host| host.split_once('/')).any(|(namespace, host)| {
        (namespace == "*" || namespace == route.object.namespace)
            && names.iter().any(|name| overlap(host, name))
    });
    is_port
        && (section.is_empty() || section == listener.section)
        && has_host
        && listener.kinds.contains(&route.kind.as_str())
}

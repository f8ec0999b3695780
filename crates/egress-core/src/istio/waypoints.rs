//! Which waypoint an object uses, and what a waypoint takes.
//!
//! Knows the labels and the listeners. Whether a waypoint's pods run is decided elsewhere.

use std::collections::BTreeMap;

use crate::label_selector::selects;
use crate::related_resources::GatewayApiObject;
use crate::resource::{Condition, Resource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

/// The label of a namespace or an object that names its waypoint.
pub const USE: &str = "istio.io/use-waypoint";
/// The label that names the waypoint's namespace, where that is another one.
pub const NAMESPACE: &str = "istio.io/use-waypoint-namespace";
/// The label that says which traffic a waypoint takes.
pub const TRAFFIC: &str = "istio.io/waypoint-for";
/// The condition in which istiod says whether a waypoint takes the calls of a host.
pub const BOUND: &str = "istio.io/WaypointBound";
/// The port on which a waypoint takes calls in HBONE.
pub const HBONE: u16 = 15008;

/// A waypoint: a Gateway of the Gateway API.
#[derive(Clone, Copy)]
pub struct Waypoint<'a> {
    object: &'a GatewayApiObject,
    class: Option<&'a GatewayApiObject>,
}

/// The namespace and name of the waypoint of an object: by its own label, else by that of its namespace. `none` is no
/// waypoint. `getGatewayOrGatewayNamespaceFor` in `pilot/pkg/serviceregistry/ambient/waypoints.go`.
pub fn waypoint_of<'a>(
    resource: &'a Resource,
    namespace: Option<&'a BTreeMap<String, String>>,
) -> Option<(&'a str, &'a str)> {
    chosen(|key| resource.labels.get(key), &resource.id.namespace, namespace)
}

/// The same by the labels of an object of any kind, its namespace and the labels of this.
pub fn chosen<'a>(
    labels: impl Fn(&str) -> Option<&'a String>,
    owner: &'a str,
    namespace: Option<&'a BTreeMap<String, String>>,
) -> Option<(&'a str, &'a str)> {
    let own = labels(USE).is_some();
    let label = |key| if own { labels(key) } else { namespace?.get(key) };
    let name = label(USE).filter(|name| *name != "none")?;
    Some((label(NAMESPACE).map_or(owner, String::as_str), name))
}

/// What istiod says of an entry and its waypoint.
pub fn bound(entry: &Resource) -> Option<&Condition> {
    let conditions = &entry.live.as_ref()?.status.conditions;
    conditions.iter().find(|condition| condition.kind == BOUND)
}

/// The waypoints among the objects of the Gateway API: of Istio's class, with a listener for HBONE, or said to be one.
pub fn waypoints(objects: &[GatewayApiObject]) -> Vec<Waypoint<'_>> {
    let gateways = objects.iter().filter(|object| object.kind == "Gateway");
    let found = gateways.map(|object| {
        let name = object.object.spec.get("gatewayClassName");
        let is_class = |other: &&GatewayApiObject| {
            other.kind == "GatewayClass" && name.is_some_and(|name| *name == other.object.name)
        };
        Waypoint { object, class: objects.iter().find(is_class) }
    });
    found.filter(Waypoint::is_one).collect()
}

impl<'a> Waypoint<'a> {
    /// Its namespace and name.
    pub fn id(&self) -> (&'a str, &'a str) {
        (&self.object.object.namespace, &self.object.object.name)
    }

    /// What istiod says of it.
    pub fn status(&self) -> &'a Value {
        &self.object.status
    }

    /// The traffic it takes: `service`, `workload`, `all` or `none`. `gatewayToWaypointTransform` in
    /// `pilot/pkg/serviceregistry/ambient/waypoints.go`.
    pub fn traffic(&self) -> &'a str {
        let of_class = || self.class?.object.labels.get(TRAFFIC);
        self.object.object.labels.get(TRAFFIC).or_else(of_class).map_or("service", String::as_str)
    }

    /// Whether it takes calls to hosts, and not only to pods.
    pub fn takes_hosts(&self) -> bool {
        ["service", "all"].contains(&self.traffic())
    }

    /// Whether it takes calls to pods and other workloads.
    pub fn takes_workloads(&self) -> bool {
        ["workload", "all"].contains(&self.traffic())
    }

    /// Whether objects of a namespace may use it. `makeAllowedRoutes` in the same file: the listener for HBONE says it, and
    /// without a word it is for its own namespace.
    pub fn admits(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> bool {
        let listener = self.listener().and_then(|place| self.listeners().get(place));
        let namespaces = listener.and_then(|listener| listener.pointer("/allowedRoutes/namespaces"));
        match namespaces.and_then(|namespaces| namespaces.get("from")?.as_str()) {
            Some("All") => true,
            Some("Selector") => {
                let selector = namespaces.and_then(|namespaces| namespaces.get("selector")).cloned();
                let selector = selector.and_then(|it| serde_json::from_value::<LabelSelector>(it).ok());
                // A namespace whose labels nobody gave may have any.
                selector.is_some_and(|it| labels.is_none_or(|labels| selects(&it, labels)))
            }
            _ => self.object.object.namespace == namespace,
        }
    }

    /// The index of its listener for HBONE.
    pub fn listener(&self) -> Option<usize> {
        self.listeners().iter().position(|it| it["protocol"] == "HBONE" && it["port"] == HBONE)
    }

    fn listeners(&self) -> &'a [Value] {
        let listeners = self.object.object.spec.get("listeners").and_then(Value::as_array);
        listeners.map(Vec::as_slice).unwrap_or_default()
    }

    fn is_one(&self) -> bool {
        self.object.object.spec.get("gatewayClassName").is_some_and(|class| class == "istio-waypoint")
            || self.object.object.labels.contains_key(TRAFFIC)
            || self.listener().is_some()
    }
}

//! A cluster as it would be after some changes of its objects.
//!
//! Knows the kinds of which every field that a path depends on is kept: Istio's networking objects, Services,
//! namespaces, AuthorizationPolicies, NetworkPolicies and routes of the Gateway API. Like [`overlay`](super::overlay), it simulates no controllers.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::objects::EXPORT_TO;
use egress_core::related_resources::{GatewayApiObject, Named};
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::{NamespaceFacts, ServiceFacts};
use serde::Serialize;
use serde_json::{Value, json};

use super::cluster_facts::ClusterFacts;
use super::collect::Collector;
use crate::finding::{ObjectChange, RefusedChange};

/// The kinds of other groups than `networking.istio.io`, as kubectl takes them.
const NAMESPACE: &str = "namespace";
const SERVICE: &str = "service";
const AUTHORIZATION_POLICY: &str = "authorizationpolicy.security.istio.io";
const NETWORK_POLICY: &str = "networkpolicy";
/// What follows the kind in the names of the Gateway API's.
const GATEWAY_API: &str = ".gateway.networking.k8s.io";

/// What changes lead to.
pub(crate) enum Changed {
    /// The facts afterwards.
    Facts(Box<ClusterFacts>),
    /// kubectl or the API server refuses a change.
    Refused,
    /// An object is of a kind that is not kept whole.
    Unknown,
}

/// Of an object, not every field is kept.
struct NotWhole;

impl ClusterFacts {
    /// The facts after these changes, one after the other. Without Envoys' configuration, since it is from before.
    pub(crate) fn after(&self, changes: &[ObjectChange]) -> Changed {
        let mut objects: BTreeMap<(&str, &str, &str), Option<Value>> = BTreeMap::new();
        for change in changes {
            let ObjectChange { kind, namespace, name, .. } = change;
            let key = (kind.as_str(), namespace.as_str(), name.as_str());
            let Ok(before) = objects.remove(&key).map_or_else(|| self.manifest(key), Ok) else {
                return Changed::Unknown;
            };
            match change.apply(before) {
                Ok(after) => drop(objects.insert(key, after)),
                Err(RefusedChange) => return Changed::Refused,
            }
        }
        let mut facts = self.without_envoys();
        let (mut collector, mut resources) = (Collector::default(), Vec::new());
        for (key, object) in &objects {
            let is_taken = match object {
                None => {
                    facts.forget(*key);
                    true
                }
                // A collector would look up short names in a mesh that it does not know.
                Some(object) if kind_of(key.0).is_some() => {
                    Resource::from_json(object).map(|resource| resources.push(resource)).is_ok()
                }
                Some(object) => collector.add(&object.into()).is_ok(),
            };
            if !is_taken {
                return Changed::Refused;
            }
        }
        let mut applied = collector.finish();
        applied.snapshot.resources = resources;
        let written: BTreeSet<ObjectId> = applied.snapshot.resources.iter().map(|it| it.id.clone()).collect();
        facts.lay_over(applied);
        // What controllers said was about the object as it was.
        let now = facts.snapshot.resources.iter_mut().filter(|resource| written.contains(&resource.id));
        now.filter_map(|resource| resource.live.as_mut()).for_each(|live| live.status.conditions.clear());
        facts.snapshot.resolve_short_names();
        Changed::Facts(Box::new(facts))
    }

    fn without_envoys(&self) -> Self {
        ClusterFacts {
            snapshot: self.snapshot.clone(),
            related_resources: self.related_resources.clone(),
            gaps: self.gaps.clone(),
            proxies: BTreeMap::new(),
            demands: self.demands.clone(),
            refusals: self.refusals.clone(),
            rights: self.rights.clone(),
            fleet: self.fleet.clone(),
        }
    }

    /// An object as the API server shows it; none where there is none.
    fn manifest(&self, (kind, namespace, name): (&str, &str, &str)) -> Result<Option<Value>, NotWhole> {
        let related = &self.related_resources;
        if let Some(kind) = kind_of(kind) {
            let resources = &self.snapshot.resources;
            let is_it = |id: &ObjectId| id.kind == kind && id.namespace == namespace && id.name == name;
            let found = resources.iter().find(|resource| is_it(&resource.id));
            let version = &self.snapshot.mesh.api_version;
            return found.map(|resource| resource.to_json(version)).transpose().map_err(|_| NotWhole);
        }
        match kind {
            NAMESPACE => {
                let found = self.snapshot.namespaces.iter().find(|facts| facts.name == name);
                Ok(found.map(self::namespace))
            }
            SERVICE => {
                let is_it = |service: &&ServiceFacts| service.namespace == namespace && service.name == name;
                Ok(self.snapshot.services.iter().find(is_it).map(service))
            }
            AUTHORIZATION_POLICY => Ok(named(
                &related.authorization_policies,
                ("security.istio.io/v1", "AuthorizationPolicy"),
                (namespace, name),
            )),
            NETWORK_POLICY => Ok(named(
                &related.network_policies,
                ("networking.k8s.io/v1", "NetworkPolicy"),
                (namespace, name),
            )),
            _ => {
                let route = route_of(kind).ok_or(NotWhole)?;
                Ok(related
                    .gateway_api
                    .iter()
                    .find(|object| is_route(object, (route, namespace, name)))
                    .map(manifest_of))
            }
        }
    }

    fn forget(&mut self, (kind, namespace, name): (&str, &str, &str)) {
        let other = |at: &str, called: &str| at != namespace || called != name;
        if let Some(kind) = kind_of(kind) {
            self.snapshot.resources.retain(|resource| {
                resource.id.kind != kind || other(&resource.id.namespace, &resource.id.name)
            });
        }
        let related = &mut self.related_resources;
        match kind {
            AUTHORIZATION_POLICY => {
                related.authorization_policies.retain(|policy| other(&policy.namespace, &policy.name));
            }
            NETWORK_POLICY => {
                related.network_policies.retain(|policy| other(&policy.namespace, &policy.name));
            }
            _ => {
                let Some(route) = route_of(kind) else { return };
                related.gateway_api.retain(|object| !is_route(object, (route, namespace, name)));
            }
        }
    }
}

/// The kind of a route of the Gateway API, in small letters: of Gateways, what istiod wrote into other objects counts, too.
fn route_of(word: &str) -> Option<&str> {
    word.strip_suffix(GATEWAY_API).filter(|kind| kind.ends_with("route"))
}

fn is_route(object: &GatewayApiObject, (kind, namespace, name): (&str, &str, &str)) -> bool {
    let GatewayApiObject { object: found, .. } = object;
    object.kind.eq_ignore_ascii_case(kind) && found.namespace == namespace && found.name == name
}

/// A route without its status: what controllers said was about the route as it was.
fn manifest_of(route: &GatewayApiObject) -> Value {
    let Named { namespace, name, labels, annotations, created, spec } = &route.object;
    json!({
        "apiVersion": route.api_version,
        "kind": route.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": annotations,
            "creationTimestamp": created,
        },
        "spec": spec,
    })
}

fn kind_of(word: &str) -> Option<Kind> {
    let known = Kind::ALL.into_iter().find(|kind| kind.qualified() == word);
    known.filter(|kind| kind.group() == Kind::GROUP)
}

fn named<S: Serialize>(
    all: &[Named<S>],
    (api_version, kind): (&str, &str),
    (namespace, name): (&str, &str),
) -> Option<Value> {
    let found = all.iter().find(|object| object.namespace == namespace && object.name == name)?;
    Some(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": found.labels,
            "annotations": found.annotations,
            "creationTimestamp": found.created,
        },
        "spec": found.spec,
    }))
}

fn namespace(facts: &NamespaceFacts) -> Value {
    let mut annotations = json!({});
    if let Some(words) = &facts.accepts {
        annotations[egress_core::metadata::ACCEPT] = json!(words);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": facts.name, "labels": facts.labels, "annotations": annotations },
    })
}

fn service(facts: &ServiceFacts) -> Value {
    let ports = facts.ports.iter().map(|port| {
        let mut said = json!({ "port": port.number });
        for (key, value) in [
            ("name", (!port.name.is_empty()).then(|| json!(port.name))),
            ("targetPort", port.target.map(|target| json!(target))),
            ("appProtocol", port.app_protocol.as_ref().map(|protocol| json!(protocol))),
        ] {
            if let Some(value) = value {
                said[key] = value;
            }
        }
        said
    });
    let mut annotations = json!({});
    if let Some(words) = &facts.export_to {
        annotations[EXPORT_TO] = json!(words.join(","));
    }
    if let Some(words) = &facts.accepts {
        annotations[egress_core::metadata::ACCEPT] = json!(words);
    }
    let mut spec = json!({ "selector": facts.selector, "ports": ports.collect::<Vec<_>>() });
    if let Some(name) = &facts.external_name {
        spec["type"] = json!("ExternalName");
        spec["externalName"] = json!(name);
    }
    if facts.headless {
        spec["clusterIP"] = json!("None");
    }
    if let Some(address) = facts.addresses.first() {
        spec["clusterIP"] = json!(address);
        spec["clusterIPs"] = json!(facts.addresses);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": facts.name,
            "namespace": facts.namespace,
            "labels": facts.labels,
            "annotations": annotations,
            "creationTimestamp": facts.created,
        },
        "spec": spec,
    })
}

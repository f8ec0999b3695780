//! The facts that the conversion of the Gateway API asks for, found by names.

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::value::{list, text};
use crate::kind::Kind;
use crate::label_selector::selects;
use crate::related_resources::{GatewayApiObject, RelatedResources};
use crate::resource::Resource;
use crate::snapshot::{NamespaceFacts, Snapshot};

/// The group of the Gateway API.
pub(super) const GROUP: &str = "gateway.networking.k8s.io";
/// istiod's controller of gateways, by which it finds its classes.
const CONTROLLER: &str = "istio.io/gateway-controller";
/// The class that is istiod's without an object.
const CLASS: &str = "istio";

pub(super) struct ApiFacts<'a> {
    pub(super) domain: &'a str,
    objects: &'a [GatewayApiObject],
    /// By namespace and name.
    services: HashSet<(&'a str, &'a str)>,
    /// The hosts of ServiceEntries by namespace and name.
    entries: HashMap<(&'a str, &'a str), &'a [String]>,
    namespaces: &'a [NamespaceFacts],
}

impl<'a> ApiFacts<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        resources: impl Iterator<Item = &'a Resource>,
    ) -> Self {
        let mut entries = HashMap::new();
        for resource in resources.filter(|resource| resource.id.kind == Kind::ServiceEntry) {
            let Some(spec) = resource.service_entry() else { continue };
            entries
                .insert((resource.id.namespace.as_str(), resource.id.name.as_str()), spec.hosts.as_slice());
        }
        ApiFacts {
            domain: &snapshot.mesh.cluster_domain,
            objects: &related.gateway_api,
            services: snapshot.services.iter().map(|it| (it.namespace.as_str(), it.name.as_str())).collect(),
            entries,
            namespaces: &snapshot.namespaces,
        }
    }

    /// The objects of a kind.
    pub(super) fn of_kind<'k>(
        &self,
        kind: &'k str,
    ) -> impl Iterator<Item = &'a GatewayApiObject> + use<'a, 'k> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    /// The name of a Service in full.
    pub(super) fn service_host(&self, namespace: &str, name: &str) -> String {
        format!("{name}.{namespace}.svc.{}", self.domain)
    }

    pub(super) fn has_service(&self, namespace: &str, name: &str) -> bool {
        self.services.contains(&(namespace, name))
    }

    /// The hosts of a ServiceEntry; none where there is none of this name.
    pub(super) fn hosts_of_entry(&self, namespace: &str, name: &str) -> Option<&'a [String]> {
        self.entries.get(&(namespace, name)).copied()
    }

    /// Whether gateways of a class are istiod's own. `FetchGatewayClass` in `gatewaycommon/gatewayclass_collection.go`.
    pub(super) fn is_own_class(&self, class: &str) -> bool {
        match self.of_kind("GatewayClass").find(|object| object.object.name == class) {
            Some(object) => text(&object.object.spec, "controllerName") == Some(CONTROLLER),
            None => class == CLASS,
        }
    }

    /// The names of the namespaces that a selector chooses, sorted. `namespacesFromSelector`.
    pub(super) fn namespaces_with(&self, selector: &Value) -> Vec<&'a str> {
        let Ok(selector) = serde_json::from_value::<LabelSelector>(selector.clone()) else {
            return Vec::new();
        };
        let is_chosen = |facts: &&NamespaceFacts| {
            let mut labels: BTreeMap<String, String> = facts.labels.clone();
            labels.insert("kubernetes.io/metadata.name".to_owned(), facts.name.clone());
            selects(&selector, &labels)
        };
        let mut found: Vec<&str> =
            self.namespaces.iter().filter(is_chosen).map(|it| it.name.as_str()).collect();
        found.sort_unstable();
        found
    }

    /// Whether routes of a kind and namespace may use a Service or another object of another namespace. `BackendAllowed`.
    pub(super) fn is_granted(
        &self,
        (kind, from): (&str, &str),
        (to_kind, to, name): (&str, &str, &str),
    ) -> bool {
        let is_group = |value: &Value, group: &str| text(value, "group").unwrap_or_default() == group;
        self.of_kind("ReferenceGrant").filter(|grant| grant.object.namespace == to).any(|grant| {
            let spec = &grant.object.spec;
            let admits = list(spec, "from").iter().any(|it| {
                is_group(it, GROUP) && text(it, "kind") == Some(kind) && text(it, "namespace") == Some(from)
            });
            admits
                && list(spec, "to").iter().any(|it| {
                    is_group(it, "")
                        && text(it, "kind") == Some(to_kind)
                        && text(it, "name").is_none_or(|own| own == name)
                })
        })
    }
}

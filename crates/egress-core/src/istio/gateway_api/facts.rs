//! The facts that the conversion of the Gateway API asks for, found by names.

use std::collections::{BTreeMap, HashMap, HashSet};

use egress_istio::service_entry::ServiceEntrySpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::value::{list, text};
use crate::label_selector::selects;
use crate::related_resources::{GatewayApiObject, RelatedResources};
use crate::resource::Resource;
use crate::snapshot::{NamespaceFacts, ServiceFacts, Snapshot};
use crate::visibility::destination_rule::full_host;

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
    services: HashMap<(&'a str, &'a str), &'a ServiceFacts>,
    /// ServiceEntries by namespace and name.
    entries: HashMap<(&'a str, &'a str), &'a ServiceEntrySpec>,
    /// The hosts in full of DestinationRules, each with its namespace.
    rules: HashSet<(&'a str, String)>,
    namespaces: &'a [NamespaceFacts],
}

impl<'a> ApiFacts<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        resources: impl Iterator<Item = &'a Resource>,
    ) -> Self {
        let (mut entries, mut rules) = (HashMap::new(), HashSet::new());
        let has_policies = related.gateway_api.iter().any(|object| object.kind == "BackendTLSPolicy");
        for resource in resources {
            let (namespace, name) = (resource.id.namespace.as_str(), resource.id.name.as_str());
            if let Some(spec) = resource.service_entry() {
                entries.insert((namespace, name), spec);
            } else if let Some(spec) = resource.destination_rule().filter(|_| has_policies) {
                rules.insert((namespace, full_host(&spec.host, namespace, &snapshot.mesh)));
            }
        }
        ApiFacts {
            domain: &snapshot.mesh.cluster_domain,
            objects: &related.gateway_api,
            services: snapshot
                .services
                .iter()
                .map(|it| ((it.namespace.as_str(), it.name.as_str()), it))
                .collect(),
            entries,
            rules,
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
        self.services.contains_key(&(namespace, name))
    }

    /// The names and numbers of a Service's ports; none where there is no such Service.
    pub(super) fn ports_of_service(&self, namespace: &str, name: &str) -> Option<Vec<(&'a str, i64)>> {
        let service = self.services.get(&(namespace, name))?;
        Some(service.ports.iter().map(|port| (port.name.as_str(), i64::from(port.number))).collect())
    }

    /// The same of a ServiceEntry.
    pub(super) fn ports_of_entry(&self, namespace: &str, name: &str) -> Vec<(&'a str, i64)> {
        let spec = self.entries.get(&(namespace, name));
        let ports = spec.into_iter().flat_map(|spec| spec.ports.iter().flatten());
        ports.map(|port| (port.name.as_str(), port.number)).collect()
    }

    /// Whether a DestinationRule of a namespace is about a host in full.
    pub(super) fn has_rule(&self, namespace: &str, host: &str) -> bool {
        self.rules.contains(&(namespace, host.to_owned()))
    }

    /// The hosts of a ServiceEntry; none where there is none of this name.
    pub(super) fn hosts_of_entry(&self, namespace: &str, name: &str) -> Option<&'a [String]> {
        self.entries.get(&(namespace, name)).map(|spec| spec.hosts.as_slice())
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

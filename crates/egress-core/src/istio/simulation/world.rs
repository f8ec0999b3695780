//! Everything that istiod reads, in the order in which it reads it.
//!
//! Knows who is older and what is visible in a namespace. Knows nothing of what is made of it.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::destination_rules::RuleIndex;
use super::service::MeshService;
use crate::kind::Kind;
use crate::label_selector::has_labels;
use crate::related_resources::RelatedResources;
use crate::resource::Resource;
use crate::snapshot::{MeshFacts, PodFacts, ServiceFacts, Snapshot};
use crate::visibility::creation_order;
use crate::visibility::virtual_service::{MESH, gateway_name};

/// The objects of a cluster as istiod sees them.
pub struct World<'a> {
    pub(super) mesh: &'a MeshFacts,
    pub(super) kubernetes: &'a [ServiceFacts],
    pub(super) related: &'a RelatedResources,
    /// By age.
    pub(super) services: Vec<MeshService<'a>>,
    /// By age.
    pub(super) virtual_services: Vec<&'a Resource>,
    /// Gateway objects, by age.
    pub(super) gateways: Vec<&'a Resource>,
    /// Sidecar objects: those for chosen pods first, then by age.
    pub(super) sidecars: Vec<&'a Resource>,
    pub(super) rules: RuleIndex<'a>,
    pods: HashMap<(&'a str, &'a str), &'a PodFacts>,
    pods_by_address: HashMap<&'a str, &'a PodFacts>,
}

impl<'a> World<'a> {
    /// The world of these facts.
    pub fn new(snapshot: &'a Snapshot, related: &'a RelatedResources) -> Self {
        let of_kind = |kind: Kind| {
            let mut found: Vec<&Resource> = snapshot.of_kind(kind).collect();
            found.sort_by(|one, other| creation_order(one).cmp(&creation_order(other)));
            found
        };
        let kubernetes =
            snapshot.services.iter().map(|facts| MeshService::of_kubernetes(facts, &snapshot.mesh));
        let entries = snapshot.of_kind(Kind::ServiceEntry).flat_map(MeshService::of_entry);
        let mut services: Vec<MeshService<'a>> = kubernetes.chain(entries).collect();
        services.sort_by(MeshService::by_age);
        let mut sidecars = of_kind(Kind::Sidecar);
        let selects =
            |sidecar: &Resource| sidecar.sidecar().is_some_and(|spec| spec.workload_selector.is_some());
        sidecars.sort_by_key(|sidecar| Reverse(selects(sidecar)));
        let of_gateways = snapshot.gateways.iter().flat_map(|gateway| &gateway.pods);
        let pods: HashMap<_, _> = of_gateways
            .chain(&related.istiod)
            .chain(&related.istiod)
            .chain(&snapshot.pods)
            .map(|pod| ((pod.namespace.as_str(), pod.name.as_str()), pod))
            .collect();
        let addresses =
            pods.values().flat_map(|pod| pod.addresses.iter().map(|address| (address.as_str(), *pod)));
        World {
            mesh: &snapshot.mesh,
            kubernetes: &snapshot.services,
            related,
            virtual_services: of_kind(Kind::VirtualService),
            gateways: of_kind(Kind::Gateway),
            rules: RuleIndex::new(snapshot.of_kind(Kind::DestinationRule), &snapshot.mesh),
            sidecars,
            services,
            pods_by_address: addresses.collect(),
            pods,
        }
    }

    /// A pod, by `namespace/name`.
    pub(super) fn pod(&self, name: &str) -> Option<&'a PodFacts> {
        let (namespace, name) = name.split_once('/')?;
        self.pods.get(&(namespace, name)).copied()
    }

    /// The pod that has an address.
    pub(super) fn pod_at(&self, address: &str) -> Option<&'a PodFacts> {
        self.pods_by_address.get(address).copied()
    }

    /// The pods of a namespace with these labels, in the order of their names.
    pub(super) fn pods_with<'l>(
        &self,
        namespace: &str,
        labels: &(impl IntoIterator<Item = (&'l String, &'l String)> + Clone),
    ) -> Vec<&'a PodFacts> {
        let chosen = |pod: &&&PodFacts| pod.namespace == namespace && has_labels(&pod.labels, labels.clone());
        let mut found: Vec<&PodFacts> = self.pods.values().filter(chosen).copied().collect();
        found.sort_by_key(|pod| &pod.name);
        found
    }

    /// The services that a namespace sees: those of its own or exported to it by name first, then public ones.
    /// `servicesExportedToNamespace` in `pilot/pkg/model/push_context.go`.
    pub(super) fn services_seen_by(&self, namespace: &str) -> Vec<&MeshService<'a>> {
        let ranked = |wanted| {
            self.services.iter().filter(move |service| {
                Self::rank(
                    service.export_to,
                    &self.mesh.default_export_to.services,
                    service.namespace,
                    namespace,
                ) == Some(wanted)
            })
        };
        ranked(Rank::Private).chain(ranked(Rank::Public)).collect()
    }

    /// Whether a namespace sees a service. `IsServiceVisible`.
    pub(super) fn sees(&self, service: &MeshService<'_>, namespace: &str) -> bool {
        Self::rank(service.export_to, &self.mesh.default_export_to.services, service.namespace, namespace)
            .is_some()
    }

    /// The services of a host in full: for each namespace that has any the one that counts there, a Kubernetes Service
    /// before a ServiceEntry, the older before the younger. `HostnameAndNamespace` of `initServiceRegistry`.
    pub(super) fn by_namespace(&self, host: &str) -> Vec<&MeshService<'a>> {
        let mut found: Vec<&MeshService<'a>> = Vec::new();
        for service in self.services.iter().filter(|service| service.host == host) {
            match found.iter_mut().find(|known| known.namespace == service.namespace) {
                None => found.push(service),
                Some(known) if !known.is_kubernetes() && service.is_kubernetes() => *known = service,
                Some(_) => {}
            }
        }
        found
    }

    /// The VirtualServices that are bound to a gateway (`namespace/name`, or [`MESH`]) and that a namespace sees: its private
    /// ones, then those exported to it by name, then public ones. `VirtualServicesForGateway`.
    pub(super) fn virtual_services_for(&self, gateway: &str, namespace: &str) -> Vec<&'a Resource> {
        let rank = |resource: &Resource| {
            let spec = resource.virtual_service()?;
            let own = &resource.id.namespace;
            let bound = match spec.gateways.as_deref().unwrap_or_default() {
                [] => gateway == MESH,
                names => names.iter().any(|name| gateway_name(name, own) == gateway),
            };
            let rank = Self::rank(
                spec.export_to.as_deref(),
                &self.mesh.default_export_to.virtual_services,
                own,
                namespace,
            )
            .filter(|_| bound)?;
            // Private to the viewer before what another namespace exports to it.
            Some((rank, own != namespace))
        };
        let mut found: Vec<_> =
            self.virtual_services.iter().filter_map(|resource| Some((rank(resource)?, *resource))).collect();
        // Stable: age decides among equals; among public ones nobody's namespace counts.
        found.sort_by_key(|((rank, of_others), _)| (*rank, *rank == Rank::Private && *of_others));
        found.into_iter().map(|(_, resource)| resource).collect()
    }

    /// `usual` are the words of the mesh for objects without their own.
    fn rank(export_to: Option<&[String]>, usual: &[String], owner: &str, viewer: &str) -> Option<Rank> {
        let words = export_to.filter(|words| !words.is_empty());
        let words = words.or(Some(usual).filter(|words| !words.is_empty()));
        let holds = |word: &str| words.is_some_and(|words| words.iter().any(|found| found == word));
        if words.is_none() || holds("*") {
            return Some(Rank::Public);
        }
        let named = !holds("~") && ((owner == viewer && holds(".")) || holds(viewer));
        named.then_some(Rank::Private)
    }
}

/// Why a namespace sees an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It is its own, or exported to it by name.
    Private,
    /// Everybody sees it.
    Public,
}

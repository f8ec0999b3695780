//! Everything that istiod reads, in the order in which it reads it.
//!
//! Knows who is older and what is visible in a namespace. Knows nothing of what is made of it.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::aliases;
use super::ambient::AmbientIndex;
use super::delegates::{MergedRules, is_delegate};
use super::destination_rules::RuleIndex;
use super::host_index::RouteList;
use super::service::MeshService;
use crate::fast_map::FastMap;
use crate::istio::features::IstiodFeatures;
use crate::istio::gateway_api::{MadeObjects, is_made};
use crate::kind::Kind;
use crate::label_selector::has_labels;
use crate::related_resources::{Named, RelatedResources, WorkloadEntryFacts};
use crate::resource::Resource;
use crate::snapshot::{MeshFacts, NamespaceFacts, PodFacts, ServiceFacts, Snapshot};
use crate::visibility::virtual_service::{MESH, gateway_name, precedence};
use crate::visibility::{SeenAs, creation_order, seen_as};

/// The objects of a cluster as istiod sees them.
pub struct World<'a> {
    pub(super) mesh: &'a MeshFacts,
    pub(super) kubernetes: &'a [ServiceFacts],
    pub(super) related: &'a RelatedResources,
    /// What istiod makes of the Gateway API.
    pub(super) made: &'a MadeObjects,
    /// The settings of istiod.
    pub(super) features: IstiodFeatures,
    namespaces: FastMap<&'a str, &'a NamespaceFacts>,
    pub(super) ambient: OnceLock<AmbientIndex<'a>>,
    /// By age.
    pub(super) services: Vec<MeshService<'a>>,
    /// By age, without those that say something for others alone.
    pub(super) virtual_services: RouteList<'a>,
    pub(super) merged_rules: MergedRules<'a>,
    /// The VirtualServices of each gateway (`namespace/name`, or [`MESH`]), by age.
    by_gateway: FastMap<String, Vec<&'a Resource>>,
    /// Gateway objects, by age.
    pub(super) gateways: Vec<&'a Resource>,
    /// Sidecar objects: those for chosen pods first, then by age.
    pub(super) sidecars: Vec<&'a Resource>,
    pub(super) rules: RuleIndex<'a>,
    /// Positions in `services`.
    by_host: FastMap<Cow<'a, str>, Vec<usize>>,
    /// Positions in `kubernetes` of the first Service with an address.
    by_address: FastMap<&'a str, usize>,
    by_name: FastMap<(&'a str, &'a str), usize>,
    pods: FastMap<(&'a str, &'a str), &'a PodFacts>,
    pods_by_address: FastMap<&'a str, &'a PodFacts>,
    /// In the order of their names.
    pods_by_namespace: FastMap<&'a str, Vec<&'a PodFacts>>,
    /// By namespace, in the order of their names.
    workload_entries: FastMap<&'a str, Vec<&'a Named<WorkloadEntryFacts>>>,
}

impl<'a> World<'a> {
    /// The world of these facts, with what istiod makes of the Gateway API.
    pub fn new(snapshot: &'a Snapshot, related: &'a RelatedResources, made: &'a MadeObjects) -> Self {
        World::with_pods(snapshot, related, made, &[])
    }

    /// The same with further pods.
    pub fn with_pods(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        made: &'a MadeObjects,
        further: &'a [PodFacts],
    ) -> Self {
        let resources: Vec<&Resource> = snapshot.resources.iter().chain(made.objects()).collect();
        World::with(snapshot, related, made, &resources, further)
    }

    /// The same with these objects of Istio in place of those of the snapshot, those that istiod made among them, and with
    /// further pods.
    pub fn with(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        made: &'a MadeObjects,
        resources: &[&'a Resource],
        further: &'a [PodFacts],
    ) -> Self {
        let features = IstiodFeatures::of(&snapshot.mesh, &related.workloads);
        let found_of = |kind: Kind| resources.iter().copied().filter(move |found| found.id.kind == kind);
        let of_kind = |kind: Kind| {
            let mut found: Vec<&Resource> = found_of(kind).collect();
            found.sort_by(|one, other| creation_order(one).cmp(&creation_order(other)));
            found
        };
        let kubernetes =
            snapshot.services.iter().map(|facts| MeshService::of_kubernetes(facts, &snapshot.mesh));
        // Nearly every entry has one host.
        let most = snapshot.services.len() + found_of(Kind::ServiceEntry).count();
        let mut services: Vec<MeshService<'a>> = Vec::with_capacity(most);
        services.extend(kubernetes);
        services.extend(
            found_of(Kind::ServiceEntry).flat_map(|entry| MeshService::of_entry(entry, &snapshot.mesh)),
        );
        services.sort_by(MeshService::by_age);
        aliases::resolve(&mut services);
        let mut by_host: FastMap<Cow<'a, str>, Vec<usize>> = FastMap::default();
        for (position, service) in services.iter().enumerate() {
            by_host.entry(service.host.clone()).or_insert_with(|| Vec::with_capacity(1)).push(position);
        }
        let mut virtual_services = of_kind(Kind::VirtualService);
        let merged_rules = MergedRules::new(&virtual_services, &snapshot.mesh);
        virtual_services.retain(|resource| !is_delegate(resource));
        let mut by_gateway: FastMap<String, Vec<&'a Resource>> = FastMap::default();
        for resource in &virtual_services {
            for gateway in gateways_of(resource) {
                by_gateway.entry(gateway).or_default().push(resource);
            }
        }
        let (mut by_address, mut by_name) = (FastMap::default(), FastMap::default());
        for (position, facts) in snapshot.services.iter().enumerate() {
            for address in &facts.addresses {
                by_address.entry(address.as_str()).or_insert(position);
            }
            by_name.entry((facts.namespace.as_str(), facts.name.as_str())).or_insert(position);
        }
        let mut sidecars = of_kind(Kind::Sidecar);
        let selects =
            |sidecar: &Resource| sidecar.sidecar().is_some_and(|spec| spec.workload_selector.is_some());
        sidecars.sort_by_key(|sidecar| Reverse(selects(sidecar)));
        let of_gateways = snapshot.gateways.iter().flat_map(|gateway| &gateway.pods);
        let pods: FastMap<_, _> = of_gateways
            .chain(&related.istiod)
            .chain(further)
            .chain(&snapshot.pods)
            .map(|pod| ((pod.namespace.as_str(), pod.name.as_str()), pod))
            .collect();
        let mut by_precedence: Vec<&PodFacts> = pods.values().copied().collect();
        // A finished pod keeps its address in its status; a running one may have it by now.
        by_precedence.sort_by_key(|pod| (Reverse(pod.finished), &pod.namespace, &pod.name));
        let addresses =
            by_precedence.iter().flat_map(|pod| pod.addresses.iter().map(|address| (address.as_str(), *pod)));
        let mut pods_by_namespace: FastMap<&str, Vec<&PodFacts>> = FastMap::default();
        for pod in pods.values() {
            pods_by_namespace.entry(pod.namespace.as_str()).or_default().push(pod);
        }
        for pods in pods_by_namespace.values_mut() {
            pods.sort_by_key(|pod| &pod.name);
        }
        let mut workload_entries: FastMap<&str, Vec<&Named<WorkloadEntryFacts>>> = FastMap::default();
        for entry in &related.workload_entries {
            workload_entries.entry(entry.namespace.as_str()).or_default().push(entry);
        }
        for entries in workload_entries.values_mut() {
            entries.sort_by_key(|entry| &entry.name);
        }
        World {
            workload_entries,
            mesh: &snapshot.mesh,
            kubernetes: &snapshot.services,
            related,
            made,
            namespaces: snapshot.namespaces.iter().map(|facts| (facts.name.as_str(), facts)).collect(),
            ambient: OnceLock::new(),
            virtual_services: RouteList::new(virtual_services, &snapshot.mesh),
            merged_rules,
            by_gateway,
            gateways: of_kind(Kind::Gateway),
            rules: RuleIndex::new(
                found_of(Kind::DestinationRule),
                &snapshot.mesh,
                features.merges_by_export(),
            ),
            features,
            sidecars,
            services,
            by_host,
            by_address,
            by_name,
            pods_by_address: addresses.collect(),
            pods_by_namespace,
            pods,
        }
    }

    /// The labels of a namespace.
    pub(super) fn labels_of(&self, namespace: &str) -> Option<&'a BTreeMap<String, String>> {
        self.namespaces.get(namespace).map(|facts| &facts.labels)
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
        let all = self.pods_by_namespace.get(namespace).into_iter().flatten();
        all.filter(|pod| has_labels(&pod.labels, labels.clone())).copied().collect()
    }

    /// The WorkloadEntries of a namespace, in the order of their names.
    pub(super) fn workload_entries(&self, namespace: &str) -> &[&'a Named<WorkloadEntryFacts>] {
        self.workload_entries.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// The Kubernetes Service that an address or a name leads to.
    pub(super) fn service_at(&self, address: &str) -> Option<&'a ServiceFacts> {
        let name = address.trim_end_matches('.');
        let within = name
            .strip_suffix(self.mesh.cluster_domain.as_str())
            .map_or(name, |rest| rest.trim_end_matches('.'));
        let mut words = within.split('.');
        let (service, namespace) = (words.next(), words.next());
        let is_service = words.next() == Some("svc") && words.next().is_none();
        let named = service.zip(namespace).filter(|_| is_service);
        let named = named.and_then(|(service, namespace)| self.by_name.get(&(namespace, service)));
        let found = [self.by_address.get(address), named].into_iter().flatten().min();
        found.and_then(|position| self.kubernetes.get(*position))
    }

    /// The services of a host in full, by age.
    pub(super) fn services_of(&self, host: &str) -> impl Iterator<Item = &MeshService<'a>> {
        let positions = self.by_host.get(host).into_iter().flatten();
        positions.filter_map(|position| self.services.get(*position))
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
        ranked(SeenAs::Private).chain(ranked(SeenAs::Public)).collect()
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
        for service in self.services_of(host) {
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
        let is_for_sidecars = gateway == MESH;
        let rank = |resource: &Resource| {
            let own = &resource.id.namespace;
            let rank = Self::rank(
                resource.virtual_service()?.export_to.as_deref(),
                &self.mesh.default_export_to.virtual_services,
                own,
                namespace,
            )?;
            // The viewer's own routes of the Gateway API come before those of others.
            let is_first =
                is_made(resource) && own == namespace && (is_for_sidecars || rank == SeenAs::Public);
            Some((precedence(rank, own, namespace), !is_first))
        };
        let bound = self.by_gateway.get(gateway).into_iter().flatten();
        let mut found: Vec<_> = bound.filter_map(|resource| Some((rank(resource)?, *resource))).collect();
        // Stable: age decides among equals.
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, resource)| resource).collect()
    }

    /// `usual` are the words of the mesh for objects without their own.
    fn rank(export_to: Option<&[String]>, usual: &[String], owner: &str, viewer: &str) -> Option<SeenAs> {
        let words = export_to.filter(|words| !words.is_empty());
        seen_as(words.or(Some(usual)), owner, viewer)
    }
}

/// The gateways of a VirtualService, each once: `namespace/name`, or [`MESH`].
fn gateways_of(resource: &Resource) -> BTreeSet<String> {
    let names = resource.virtual_service().and_then(|spec| spec.gateways.as_deref()).unwrap_or_default();
    match names {
        [] => [MESH.to_owned()].into(),
        names => names.iter().map(|name| gateway_name(name, &resource.id.namespace)).collect(),
    }
}

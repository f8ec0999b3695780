//! Accepted findings: an annotation with a reason, on the object that has the fault.
//!
//! `kubectl-egress.github.io/accept` has one acceptance per line: `EG014: reason`, `EG014,EG026: reason`, or with its
//! last day in UTC, `EG014 until 2027-01-31: reason`. Makes no findings.

use std::collections::BTreeMap;

use egress_core::metadata::ACCEPT;
use egress_core::related_resources::{Named, RelatedResources};
use jiff::civil::Date;

use crate::facts::ClusterFacts;
use crate::finding::{Acceptance, Code, Finding, InvalidAcceptance, Place};

mod line;

/// All acceptances in a cluster.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    /// By kind, namespace and name of the object, and code.
    valid: BTreeMap<(String, String, String), BTreeMap<Code, Acceptance>>,
    /// Invalid lines.
    pub(crate) invalid: Vec<InvalidAcceptance>,
}

impl Suppressions {
    /// Reads the annotations of all objects. Without today's date, every acceptance with a last day counts as expired.
    pub(crate) fn read(facts: &ClusterFacts, today: Option<Date>) -> Self {
        let mut all = Suppressions::default();
        for resource in &facts.snapshot.resources {
            if let Some(text) = resource.annotations.get(ACCEPT) {
                all.take(&Place::of(&resource.id), text, today);
            }
        }
        for (place, text) in around(facts).chain(below(facts)) {
            all.take(&place, text, today);
        }
        all
    }

    /// The acceptance on the object of a finding.
    pub(crate) fn of(&self, finding: &Finding) -> Option<&Acceptance> {
        self.valid.get(&key(&finding.object))?.get(&finding.code)
    }

    fn take(&mut self, place: &Place, text: &str, today: Option<Date>) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line::parse(line) {
                Ok(line::Parsed { codes, until, reason }) => {
                    let ended = until.is_some_and(|until| today.is_none_or(|today| today > until));
                    let of_object = self.valid.entry(key(place)).or_default();
                    let acceptance = Acceptance { reason, until, ended };
                    of_object.extend(codes.into_iter().map(|code| (code, acceptance.clone())));
                }
                Err(problem) => {
                    let field = format!("metadata.annotations[{ACCEPT}]");
                    let object = place.clone().field(field, line.trim());
                    let invalid = InvalidAcceptance { object, problem };
                    // A gateway's pod may have been read twice.
                    if !self.invalid.contains(&invalid) {
                        self.invalid.push(invalid);
                    }
                }
            }
        }
    }
}

/// The annotated objects around the egresses. Every field is named, so that the compiler asks about a new one.
fn around(facts: &ClusterFacts) -> impl Iterator<Item = (Place, &String)> {
    let RelatedResources {
        authorization_policies,
        peer_authentications,
        gateway_api,
        envoy_filters,
        network_policies,
        endpoint_slices,
        workloads: _,
        budgets,
        autoscalers,
        workload_entries,
        secrets: _,
        access_roles: _,
        access_bindings: _,
        webhooks: _,
        istiod: _,
        sync: _,
        export: _,
    } = &facts.related_resources;
    let routes = gateway_api.iter();
    named("AuthorizationPolicy", authorization_policies)
        .chain(named("PeerAuthentication", peer_authentications))
        .chain(named("EnvoyFilter", envoy_filters))
        .chain(named("NetworkPolicy", network_policies))
        .chain(named("WorkloadEntry", workload_entries))
        .chain(named("PodDisruptionBudget", budgets))
        .chain(named("HorizontalPodAutoscaler", autoscalers))
        .chain(named("EndpointSlice", endpoint_slices))
        .chain(routes.flat_map(|route| named(&route.kind, std::slice::from_ref(&route.object))))
}

/// The annotated objects that gateways, callers and the mesh run on.
fn below(facts: &ClusterFacts) -> impl Iterator<Item = (Place, &String)> {
    let snapshot = &facts.snapshot;
    let meshes = std::iter::once(&snapshot.mesh).chain(&snapshot.other_meshes);
    let mesh = meshes.filter_map(|mesh| {
        let (namespace, name) = mesh.config_map();
        Some((Place::new("ConfigMap", Some(namespace), name), mesh.accepts.as_ref()?))
    });
    let nodes = snapshot
        .nodes
        .iter()
        .filter_map(|node| Some((Place::new("Node", None, &node.name), node.accepts.as_ref()?)));
    let namespaces = snapshot.namespaces.iter().filter_map(|namespace| {
        Some((Place::new("Namespace", None, &namespace.name), namespace.accepts.as_ref()?))
    });
    let services = snapshot.services.iter().filter_map(|service| {
        let place = Place::new("Service", Some(&service.namespace), &service.name);
        Some((place, service.accepts.as_ref()?))
    });
    let gateways = snapshot.gateways.iter().flat_map(|gateway| &gateway.pods);
    let pods = snapshot.pods.iter().chain(gateways).filter_map(|pod| {
        Some((Place::new("Pod", Some(&pod.namespace), &pod.name), pod.annotations.get(ACCEPT)?))
    });
    mesh.chain(nodes).chain(namespaces).chain(services).chain(pods)
}

fn named<'e, S>(kind: &'e str, objects: &'e [Named<S>]) -> impl Iterator<Item = (Place, &'e String)> {
    objects.iter().filter_map(move |object| {
        let text = object.annotations.get(ACCEPT)?;
        Some((Place::new(kind, Some(&object.namespace), &object.name), text))
    })
}

fn key(place: &Place) -> (String, String, String) {
    (place.kind.to_ascii_lowercase(), place.namespace.clone().unwrap_or_default(), place.name.clone())
}

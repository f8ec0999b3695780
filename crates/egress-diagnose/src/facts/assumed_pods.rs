//! Pods that stand for those that are not among the facts: a caller of each namespace without pods, and in files without
//! pods one of each gateway.
//!
//! So that calls can be followed before anything is deployed. What is found with them is likely and not certain.

use std::collections::BTreeSet;

use egress_core::input::{Gap, Input};
use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::{PodFacts, ProxyFacts, ProxyRole};

use super::ClusterFacts;

/// The name of pods that stand for the callers of a namespace.
pub(crate) const CALLER: &str = "any-pod";

/// The name of pods that stand for those of a gateway.
const GATEWAY: &str = "any-gateway-pod";

/// The pods.
pub(crate) fn assumed_pods(facts: &ClusterFacts) -> Vec<PodFacts> {
    let snapshot = &facts.snapshot;
    let with_pods: BTreeSet<&str> = snapshot.pods.iter().map(|pod| pod.namespace.as_str()).collect();
    let mut namespaces: BTreeSet<&str> = snapshot.resources.iter().flat_map(named).collect();
    namespaces.extend(snapshot.namespaces.iter().map(|namespace| namespace.name.as_str()));
    let callers = namespaces.difference(&with_pods).map(|namespace| PodFacts {
        namespace: (*namespace).to_owned(),
        name: CALLER.to_owned(),
        ready: true,
        has_sidecar: true,
        ..PodFacts::default()
    });
    let is_without_pods = matches!(facts.gaps.get(&Input::Pods), Some(Gap::NotGiven));
    let gateways = snapshot.gateways.iter().filter(|gateway| is_without_pods && gateway.pods.is_empty());
    // Addresses for documentation, of which no pod has one.
    let gateways = gateways.zip(1..=u8::MAX).map(|(gateway, number)| PodFacts {
        namespace: gateway.name.namespace.clone(),
        name: format!("{GATEWAY}-{number}"),
        labels: gateway.selector.clone(),
        addresses: vec![format!("192.0.2.{number}")],
        ready: true,
        proxy: Some(ProxyFacts { role: ProxyRole::Router, ..ProxyFacts::default() }),
        ..PodFacts::default()
    });
    callers.chain(gateways).collect()
}

/// The namespaces that an object names: its own, and those that it is exported to.
fn named(resource: &Resource) -> impl Iterator<Item = &str> {
    let words = match &resource.spec {
        Spec::ServiceEntry(spec) => spec.export_to.as_deref(),
        Spec::VirtualService(spec) => spec.export_to.as_deref(),
        _ => None,
    };
    let words = words.unwrap_or_default().iter().map(String::as_str);
    std::iter::once(resource.id.namespace.as_str())
        .chain(words.filter(|word| !matches!(*word, "." | "*" | "~")))
}

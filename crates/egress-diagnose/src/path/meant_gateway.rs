//! The gateway that a route means which leads to a Service that does not exist.
//!
//! A short name means a Service of the VirtualService's own namespace, and names are misspelt. Makes no findings.

use egress_core::snapshot::{GatewayFacts, ServiceFacts, Snapshot};

use crate::did_you_mean::did_you_mean;

/// The classes of Gateways that istiod deploys gateways for.
const CLASSES: [&str; 2] = ["istio", "istio-remote"];

/// The gateway that this destination means: one whose Service has the same name in another namespace, or nearly this name. None
/// where the destination exists.
pub(crate) fn meant_gateway<'a>(snapshot: &'a Snapshot, destination: &str) -> Option<&'a GatewayFacts> {
    let (name, namespace) = service_of(snapshot, destination)?;
    // istiod calls the Service of a Gateway of the Gateway API `NAME-CLASS`.
    let is_deployed_for = |gateway: &&GatewayFacts| {
        let class = gateway.name.service.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        gateway.name.namespace == namespace && class.is_some_and(|class| CLASSES.contains(&class))
    };
    let deployed = || snapshot.gateways.iter().find(is_deployed_for);
    let namesake = || snapshot.gateways.iter().find(|gateway| gateway.name.service == name);
    let nearly = || {
        let names: Vec<String> = snapshot
            .gateways
            .iter()
            .map(|gateway| gateway.name.service_host(&snapshot.mesh.cluster_domain))
            .collect();
        let near = did_you_mean(destination, names.iter().map(String::as_str))?;
        snapshot.gateways.get(names.iter().position(|known| known == near)?)
    };
    let meant = deployed().or_else(namesake).or_else(nearly)?;
    is_missing(snapshot, name, namespace).then_some(meant)
}

/// Whether a destination names a Service that does not exist.
pub(crate) fn is_missing_service(snapshot: &Snapshot, destination: &str) -> bool {
    service_of(snapshot, destination).is_some_and(|(name, namespace)| is_missing(snapshot, name, namespace))
}

/// The name and the namespace of the Service that a destination in full names.
fn service_of<'h>(snapshot: &Snapshot, destination: &'h str) -> Option<(&'h str, &'h str)> {
    let domain = &snapshot.mesh.cluster_domain;
    destination.strip_suffix(domain.as_str())?.strip_suffix(".svc.")?.split_once('.')
}

fn is_missing(snapshot: &Snapshot, name: &str, namespace: &str) -> bool {
    let is_it = |service: &ServiceFacts| service.namespace == namespace && service.name == name;
    let is_gateway =
        |gateway: &GatewayFacts| gateway.name.namespace == namespace && gateway.name.service == name;
    !snapshot.services.is_empty()
        && !snapshot.gateways.iter().any(is_gateway)
        && !snapshot.services.iter().any(is_it)
}

//! Assumes gateways for files that have routes to them, but not their Services.
//!
//! Knows which objects imply a gateway. Assumes nothing else about it.

use std::collections::BTreeMap;

use egress_core::input::{Gap, Input};
use egress_core::intent::GatewayName;
use egress_core::objects::Routed;
use egress_core::resource::Resource;
use egress_core::snapshot::{GatewayFacts, ServiceFacts, ServicePort};

use super::ParsedFiles;

impl ParsedFiles {
    /// Assumes the gateways that routes lead to, if the files have no Service of an egress gateway. Returns their
    /// names.
    pub fn assume_gateways(&mut self) -> Vec<GatewayName> {
        let snapshot = &mut self.facts.snapshot;
        if !snapshot.gateways.is_empty() {
            return Vec::new();
        }
        let routed = Routed::by(&snapshot.resources);
        let gateways = routed.services().map(|name| assumed(name, &snapshot.resources));
        snapshot.gateways = gateways.collect();
        // With Services and no route to a gateway there is none: nothing is missing.
        if !snapshot.gateways.is_empty() {
            self.facts.gaps.insert(Input::Gateways, Gap::NotGiven);
        }
        // Calls are followed through Services.
        if matches!(self.facts.gaps.get(&Input::Services), Some(Gap::NotGiven)) {
            let services = snapshot.gateways.iter().map(service).collect::<Vec<_>>();
            snapshot.services.extend(services);
        }
        self.facts.snapshot.gateways.iter().map(|gateway| gateway.name.clone()).collect()
    }
}

/// The Service of a gateway.
fn service(gateway: &GatewayFacts) -> ServiceFacts {
    ServiceFacts {
        namespace: gateway.name.namespace.clone(),
        name: gateway.name.service.clone(),
        selector: gateway.selector.clone(),
        ports: gateway.ports.clone(),
        ..ServiceFacts::default()
    }
}

/// A gateway with the labels that the Gateway objects of its namespace select, else those of all Gateway objects if
/// they are equal, else those of Istio's own gateway; and with the ports of their servers.
fn assumed(name: &GatewayName, resources: &[Resource]) -> GatewayFacts {
    let all = || resources.iter().filter(|resource| resource.gateway().is_some());
    let mut near: Vec<&Resource> = all().filter(|resource| resource.id.namespace == name.namespace).collect();
    if near.is_empty() {
        near = all().collect();
    }
    let selectors: Vec<BTreeMap<String, String>> =
        near.iter().filter_map(|object| object.gateway()?.selector.clone()).collect();
    let agreed = selectors.first().filter(|first| selectors.iter().all(|other| other == *first));
    let selector = agreed.cloned().unwrap_or_else(|| GatewayFacts::stock().selector);
    let mut gateway = GatewayFacts::assumed(name.clone(), selector);
    let servers = near.iter().filter_map(|object| object.gateway()?.servers.as_ref()).flatten();
    for number in servers.filter_map(|server| u16::try_from(server.port.number).ok()) {
        if gateway.port(number).is_none() {
            gateway.ports.push(ServicePort { number, target: Some(number), ..ServicePort::default() });
        }
    }
    gateway
}

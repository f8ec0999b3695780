//! What a ztunnel does with a connection of its pods.
//!
//! Follows `build_request` in src/proxy/outbound.rs of istio/ztunnel.

use egress_core::istio::call::Refusal;

use super::{Journey, connection::OpenedConnection};
use crate::oracle::addresses::{AddressedService, MeshAddress};

impl Journey<'_> {
    /// A connection of a pod that ztunnel captures.
    pub(super) fn by_ztunnel(&mut self, connection: &OpenedConnection) {
        let Some(service) = self.services().find(|service| service.has(connection.address)) else {
            return self.send_to_address(connection);
        };
        if let Some(waypoint) = &service.waypoint {
            let of_waypoint = self.services().find(|service| service.is_of(waypoint));
            let pods = of_waypoint.map(|service| self.behind(service, waypoint.hbone_mtls_port));
            let pods = pods.unwrap_or_default();
            if pods.is_empty() {
                return self.refuse(Refusal::NoEndpoint);
            }
            for (pod, _) in pods {
                self.by_hbone(&pod, connection);
            }
            return;
        }
        if service.keeps_destination() {
            return self.send_to_address(connection);
        }
        let found = self.behind(service, connection.port);
        if found.is_empty() {
            return self.refuse(Refusal::NoEndpoint);
        }
        for (host, port) in found {
            match host.parse() {
                Ok(address) => {
                    self.send_to_address(&OpenedConnection { address, port, ..connection.clone() });
                }
                Err(_) => self.arrive(&host, port, connection.source, connection.content.clone()),
            }
        }
    }

    fn send_to_address(&mut self, connection: &OpenedConnection) {
        let address = connection.address;
        let takes_hbone = self.surroundings.mesh().iter().any(|known| {
            matches!(known, MeshAddress::Workload(workload)
                if workload.takes_hbone() && workload.addresses().contains(&address))
        });
        if takes_hbone {
            self.by_hbone(&address.to_string(), connection);
        } else {
            self.arrive(&address.to_string(), connection.port, connection.source, connection.content.clone());
        }
    }

    fn services(&self) -> impl Iterator<Item = &'_ AddressedService> + use<'_> {
        self.surroundings.mesh().iter().filter_map(|known| match known {
            MeshAddress::Service(service) => Some(service),
            MeshAddress::Workload(_) => None,
        })
    }

    /// The addresses or names of a service's workloads, with their ports.
    fn behind(&self, service: &AddressedService, port: u16) -> Vec<(String, u16)> {
        let mut found = Vec::new();
        for known in self.surroundings.mesh() {
            let MeshAddress::Workload(workload) = known else { continue };
            let Some(port) = workload.port(service, port) else { continue };
            match workload.addresses().first() {
                Some(address) => found.push((address.to_string(), port)),
                None if workload.hostname.is_empty() => {}
                None => found.push((workload.hostname.clone(), port)),
            }
        }
        found
    }
}

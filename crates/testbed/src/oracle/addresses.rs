//! What ztunnels get from istiod: the services and workloads of ambient mode, by address.
//!
//! The names are those of `workload.proto` of Istio. Knows nothing of what ztunnel does with them.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Deserialize;

/// `istio.workload.Address`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MeshAddress {
    /// A Service or a host of a ServiceEntry.
    Service(AddressedService),
    /// A pod or an endpoint.
    Workload(AddressedWorkload),
}

/// `istio.workload.Service`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AddressedService {
    pub(super) namespace: String,
    pub(super) hostname: String,
    addresses: Vec<NetworkAddress>,
    pub(super) waypoint: Option<WaypointAddress>,
    load_balancing: BalancingMode,
}

/// `istio.workload.Workload`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AddressedWorkload {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) hostname: String,
    addresses: Vec<String>,
    tunnel_protocol: String,
    status: String,
    /// By namespace and host.
    services: BTreeMap<String, PortList>,
}

/// `istio.workload.GatewayAddress`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WaypointAddress {
    hostname: Option<NamespacedHost>,
    address: Option<NetworkAddress>,
    pub(super) hbone_mtls_port: u16,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NamespacedHost {
    namespace: String,
    hostname: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NetworkAddress {
    address: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct BalancingMode {
    mode: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PortList {
    ports: Vec<PortPair>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortPair {
    service_port: u16,
    target_port: u16,
}

impl AddressedService {
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| decode(&own.address) == Some(address))
    }

    /// Whether connections go on to where they were going.
    pub(super) fn keeps_destination(&self) -> bool {
        self.load_balancing.mode == "PASSTHROUGH"
    }

    /// Whether a waypoint is reached by this service.
    pub(super) fn is_of(&self, waypoint: &WaypointAddress) -> bool {
        let named = waypoint.hostname.as_ref();
        let at = waypoint.address.as_ref().and_then(|address| decode(&address.address));
        named.is_some_and(|name| name.namespace == self.namespace && name.hostname == self.hostname)
            || at.is_some_and(|address| self.has(address))
    }
}

impl AddressedWorkload {
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.addresses.iter().filter_map(|address| decode(address)).collect()
    }

    pub(super) fn takes_hbone(&self) -> bool {
        self.tunnel_protocol == "HBONE"
    }

    /// Its port for a port of a service; none where it is not behind it.
    pub(super) fn port(&self, service: &AddressedService, port: u16) -> Option<u16> {
        let ports = self.services.get(&format!("{}/{}", service.namespace, service.hostname))?;
        let found = ports.ports.iter().find(|pair| pair.service_port == port)?;
        (self.status != "UNHEALTHY").then_some(found.target_port)
    }
}

/// An address as JSON has bytes: base64.
fn decode(text: &str) -> Option<IpAddr> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = u32::try_from(LETTERS.iter().position(|known| *known == letter)?).ok()?;
        bits = (bits << 6 | value) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    <[u8; 4]>::try_from(bytes.as_slice())
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(IpAddr::from))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_their_bytes() {
        assert_eq!(decode("CmABBw=="), "10.96.1.7".parse().ok());
        assert_eq!(decode("IAEAAgAAAAAAAAAAAAAACw=="), "2001:2::b".parse().ok());
        assert_eq!(decode("!"), None);
    }
}

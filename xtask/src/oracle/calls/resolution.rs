//! What a pod's name resolution gives: addresses of Services for their names, and for all others one that nobody names.
//!
//! Knows the search list of pods. Does not know Istio's own answers to names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use crate::oracle::cluster::{list, name, namespace, of_kind, selects, word};

/// What names outside resolve to.
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 250));
/// What follows the namespace in the name of a Service.
const SUFFIXES: [&str; 3] = ["", ".svc", ".svc.cluster.local"];

/// The Services by `name.namespace`, each with its address; none where its name leads nowhere.
pub(super) struct Resolution {
    services: BTreeMap<String, Option<IpAddr>>,
    /// The addresses that istiod gave to each host of ServiceEntries.
    given: BTreeMap<String, Vec<IpAddr>>,
}

impl Resolution {
    /// What these objects make of names.
    pub(super) fn of(objects: &[Value]) -> Self {
        let services = of_kind(objects, "Service");
        let services =
            services.map(|service| (key(name(service), namespace(service)), address(service, objects)));
        let mut given: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for address in of_kind(objects, "ServiceEntry").flat_map(|entry| list(entry, "/status/addresses")) {
            if let Ok(value) = word(address, "/value").parse() {
                given.entry(word(address, "/host").to_owned()).or_default().push(value);
            }
        }
        Resolution { services: services.collect(), given }
    }

    /// What a name is for the pods of a namespace; none for a Service whose name has no address.
    pub(super) fn address(&self, host: &str, namespace: &str) -> Option<IpAddr> {
        let alone = if host.contains('.') { None } else { self.services.get(&key(host, namespace)) };
        alone.or_else(|| self.service(host)).copied().unwrap_or(Some(OUTSIDE))
    }

    /// The address that istiod gave to a host, of IPv6 or of IPv4.
    pub(super) fn given(&self, host: &str, is_ipv6: bool) -> Option<IpAddr> {
        self.given.get(host)?.iter().find(|address| address.is_ipv6() == is_ipv6).copied()
    }

    /// Whether istiod gave this address to some host.
    pub(super) fn is_given(&self, address: IpAddr) -> bool {
        self.given.values().flatten().any(|given| *given == address)
    }

    /// Whether it is the name of a Service.
    pub(super) fn is_service(&self, host: &str) -> bool {
        self.service(host).is_some()
    }

    fn service(&self, host: &str) -> Option<&Option<IpAddr>> {
        SUFFIXES.iter().find_map(|suffix| self.services.get(host.strip_suffix(suffix)?))
    }
}

fn key(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}")
}

/// Its own address, the first of its pods, or one outside.
fn address(service: &Value, objects: &[Value]) -> Option<IpAddr> {
    if !word(service, "/spec/externalName").is_empty() {
        return Some(OUTSIDE);
    }
    if let Ok(address) = word(service, "/spec/clusterIP").parse() {
        return Some(address);
    }
    let selector = service.pointer("/spec/selector").unwrap_or(&Value::Null);
    let pods = of_kind(objects, "Pod").filter(|pod| namespace(pod) == namespace(service));
    let mut behind = pods.filter(|pod| selects(selector, pod.pointer("/metadata/labels")));
    let addresses = behind.find_map(|pod| word(pod, "/status/podIP").parse().ok());
    addresses.or_else(|| list(service, "/spec/clusterIPs").iter().find_map(|it| it.as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_found_by_every_form_of_its_name() {
        let service = json!({ "kind": "Service", "metadata": { "name": "web", "namespace": "shop" }, "spec": { "clusterIP": "10.96.0.7" } });
        let resolution = Resolution::of(&[service]);
        let inside: Option<IpAddr> = "10.96.0.7".parse().ok();

        for host in ["web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local"] {
            assert_eq!(resolution.address(host, "shop"), inside, "{host}");
        }
        assert_eq!(resolution.address("web", "billing"), Some(OUTSIDE));
        assert_eq!(resolution.address("edition.cnn.com", "shop"), Some(OUTSIDE));
    }
}

//! The hosts, addresses and ports that the objects of a cluster name.
//!
//! Knows the fields of Istio's kinds. A host below a wildcard stands for the wildcard.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use crate::oracle::cluster::{list, name, namespace, of_kind, word};

/// What is named.
pub(in crate::oracle) struct NamedHosts {
    /// Hosts, each with the ports that are named for it.
    pub(in crate::oracle) hosts: BTreeMap<String, BTreeSet<u16>>,
    /// Addresses of ServiceEntries, each with the entry's hosts and ports.
    pub(super) addresses: Vec<(IpAddr, Vec<String>, BTreeSet<u16>)>,
}

impl NamedHosts {
    /// What these objects name.
    pub(in crate::oracle) fn of(objects: &[Value]) -> Self {
        let mut found = NamedHosts { hosts: BTreeMap::new(), addresses: Vec::new() };
        for entry in of_kind(objects, "ServiceEntry") {
            found.entry(entry);
        }
        for service in of_kind(objects, "VirtualService") {
            let hosts = texts(list(service, "/spec/hosts"));
            let mut ports = BTreeSet::new();
            for kind in ["http", "tls", "tcp"] {
                for condition in
                    list(service, &format!("/spec/{kind}")).iter().flat_map(|rule| list(rule, "/match"))
                {
                    ports.extend(number(condition.get("port")));
                    let names = texts(list(condition, "/sniHosts"));
                    found.all(&names, &BTreeSet::from_iter(number(condition.get("port"))), "");
                }
            }
            found.all(&hosts, &ports, namespace(service));
        }
        for server in of_kind(objects, "Gateway").flat_map(|gateway| list(gateway, "/spec/servers")) {
            let ports = BTreeSet::from_iter(number(server.pointer("/port/number")));
            found.all(&texts(list(server, "/hosts")), &ports, "");
        }
        for rule in of_kind(objects, "DestinationRule") {
            let settings = list(rule, "/spec/trafficPolicy/portLevelSettings");
            let ports =
                settings.iter().filter_map(|setting| number(setting.pointer("/port/number"))).collect();
            found.all(&[word(rule, "/spec/host").to_owned()], &ports, namespace(rule));
        }
        for service in of_kind(objects, "Service") {
            let name = format!("{}.{}.svc.cluster.local", name(service), namespace(service));
            let ports =
                list(service, "/spec/ports").iter().filter_map(|port| number(port.get("port"))).collect();
            found.all(&[name], &ports, "");
        }
        found
    }

    fn entry(&mut self, entry: &Value) {
        let hosts: Vec<String> =
            texts(list(entry, "/spec/hosts")).iter().filter_map(|host| callable(host)).collect();
        let ports: BTreeSet<u16> =
            list(entry, "/spec/ports").iter().filter_map(|port| number(port.get("number"))).collect();
        let endpoints = list(entry, "/spec/endpoints").iter().filter_map(|endpoint| endpoint.get("address"));
        let addresses = list(entry, "/spec/addresses")
            .iter()
            .chain(endpoints)
            .chain(list(entry, "/status/addresses").iter().filter_map(|address| address.get("value")));
        for address in addresses.filter_map(Value::as_str).filter_map(address_in) {
            self.addresses.push((address, hosts.clone(), ports.clone()));
        }
        self.all(&hosts, &ports, "");
    }

    /// Adds ports to hosts; a name without a dot is one of the namespace, if there is one.
    fn all(&mut self, hosts: &[String], ports: &BTreeSet<u16>, namespace: &str) {
        for host in hosts.iter().filter_map(|host| callable(host)) {
            let host = if host.contains('.') || namespace.is_empty() {
                host
            } else {
                format!("{host}.{namespace}.svc.cluster.local")
            };
            self.hosts.entry(host).or_default().extend(ports);
        }
    }
}

/// A name that can be called: without the namespace in front, below a wildcard; none for all hosts.
fn callable(host: &str) -> Option<String> {
    let host = host.rsplit('/').next().unwrap_or_default();
    match host.strip_prefix('*') {
        None => (!host.is_empty()).then(|| host.to_owned()),
        Some("") => None,
        Some(rest) => Some(format!("below{rest}")),
    }
}

/// An address, or one inside a range.
fn address_in(text: &str) -> Option<IpAddr> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address = address.parse().ok()?;
    match (address, length) {
        (IpAddr::V4(first), Some(length)) if length != "32" => {
            Some(IpAddr::from((first.to_bits() + 5).to_be_bytes()))
        }
        _ => Some(address),
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn number(value: Option<&Value>) -> Option<u16> {
    value?.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_without_namespaces_and_below_wildcards() {
        assert_eq!(callable("shop/*.example.com").as_deref(), Some("below.example.com"));
        assert_eq!(callable("./edition.cnn.com").as_deref(), Some("edition.cnn.com"));
        assert_eq!(callable("*/*"), None);
    }

    #[test]
    fn an_address_of_a_range_is_inside_it() {
        assert_eq!(address_in("192.0.2.0/24"), "192.0.2.5".parse().ok());
        assert_eq!(address_in("192.0.2.10"), "192.0.2.10".parse().ok());
        assert_eq!(address_in("edition.cnn.com"), None);
    }
}

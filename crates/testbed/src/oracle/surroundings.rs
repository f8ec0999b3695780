//! What is around the proxies: whose an address is, what DNS and kube-proxy of the cluster make of a Service, and what ztunnels
//! know.
//!
//! Knows nothing of Envoy.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use serde_json::Value;

use super::{addresses::MeshAddress, endpoint_slices::addresses};

/// The pods and the Services of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pods: BTreeMap<IpAddr, String>,
    /// Where a port of a Service leads, by the Service's addresses and its name: `egress.istio-system.svc`.
    services: BTreeMap<(String, u16), BTreeSet<(IpAddr, u16)>>,
    /// The Services without an address, whose name is that of their pods.
    headless: BTreeMap<String, BTreeSet<IpAddr>>,
    names: BTreeSet<String>,
    /// The service accounts of the pods.
    accounts: BTreeMap<String, String>,
    mesh: Vec<MeshAddress>,
}

impl Surroundings {
    /// Reads Pods, Services and EndpointSlices; those that are missing come from
    /// [`missing_endpoint_slices`](super::missing_endpoint_slices).
    pub fn of(objects: &[Value]) -> Self {
        let mut surroundings = Self::default();
        let slices: Vec<_> = objects.iter().filter(|object| object["kind"] == "EndpointSlice").collect();
        for object in objects {
            match object["kind"].as_str() {
                // Pods of the node's network share its address.
                Some("Pod") if object["spec"]["hostNetwork"] != true => {
                    let name = format!("{}/{}", word(object, "namespace"), word(object, "name"));
                    let account = object["spec"]["serviceAccountName"].as_str().unwrap_or("default");
                    surroundings.accounts.insert(name.clone(), account.to_owned());
                    let addresses = addresses(object).into_iter();
                    surroundings.pods.extend(addresses.map(|address| (address, name.clone())));
                }
                Some("Service") => surroundings.add_service(object, &slices),
                _ => {}
            }
        }
        surroundings
    }

    /// The same with what ztunnels know.
    #[must_use]
    pub fn with_mesh(self, mesh: Vec<MeshAddress>) -> Self {
        Self { mesh, ..self }
    }

    /// What ztunnels know.
    pub(super) fn mesh(&self) -> &[MeshAddress] {
        &self.mesh
    }

    /// Whether ztunnel captures what a pod (`namespace/name`) sends.
    pub(super) fn is_captured(&self, pod: &str) -> bool {
        self.mesh.iter().any(|known| match known {
            MeshAddress::Workload(workload) => {
                workload.takes_hbone() && pod.split_once('/') == Some((&workload.namespace, &workload.name))
            }
            MeshAddress::Service(_) => false,
        })
    }

    /// The pod of an address: `namespace/name`.
    pub(super) fn pod(&self, address: IpAddr) -> Option<&str> {
        self.pods.get(&address).map(String::as_str)
    }

    /// The name by which a pod (`namespace/name`) introduces itself in the mesh.
    pub(super) fn identity(&self, pod: &str) -> Option<String> {
        let (namespace, _) = pod.split_once('/')?;
        Some(format!("spiffe://cluster.local/ns/{namespace}/sa/{}", self.accounts.get(pod)?))
    }

    /// An address of a pod: `namespace/name`.
    pub(super) fn address(&self, pod: &str) -> Option<IpAddr> {
        self.pods.iter().find(|(_, name)| *name == pod).map(|(address, _)| *address)
    }

    /// Where a connection to an address or name of a Service goes; none where it is no Service of the cluster.
    pub(super) fn behind(&self, host: &str, port: u16) -> Option<BTreeSet<(IpAddr, u16)>> {
        let host = host.trim_end_matches('.');
        let host = host.strip_suffix(".cluster.local").unwrap_or(host);
        if let Some(pods) = self.headless.get(host) {
            return Some(pods.iter().map(|address| (*address, port)).collect());
        }
        self.names
            .contains(host)
            .then(|| self.services.get(&(host.to_owned(), port)).cloned().unwrap_or_default())
    }

    fn add_service(&mut self, service: &Value, slices: &[&Value]) {
        let name = format!("{}.{}.svc", word(service, "name"), word(service, "namespace"));
        let own = slices.iter().filter(|slice| {
            slice["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
                && slice["metadata"]["namespace"] == service["metadata"]["namespace"]
        });
        if service["spec"]["clusterIP"] == "None" {
            let pods = own.flat_map(|slice| ready(slice)).collect();
            self.headless.insert(name, pods);
            return;
        }
        let mut names: Vec<_> = list(&service["spec"]["clusterIPs"])
            .chain([&service["spec"]["clusterIP"]])
            .filter_map(Value::as_str)
            .collect();
        names.push(&name);
        for slice in own {
            // No API server takes two ports with one number: here the first counts.
            let mut known = BTreeSet::new();
            let ports = list(&service["spec"]["ports"]).filter(|port| is_for_tcp(port));
            for port in ports.filter(|port| known.insert(number(&port["port"]))) {
                let wanted = port["name"].as_str().unwrap_or_default();
                let target = list(&slice["ports"]).find(|target| {
                    is_for_tcp(target) && target["name"].as_str().unwrap_or_default() == wanted
                });
                let target = target.and_then(|target| number(&target["port"]));
                let (Some(from), Some(to)) = (number(&port["port"]), target) else { continue };
                for host in &names {
                    let behind = self.services.entry(((*host).to_owned(), from)).or_default();
                    behind.extend(ready(slice).map(|address| (address, to)));
                }
            }
        }
        self.names.extend(names.into_iter().map(str::to_owned));
    }
}

fn ready(slice: &Value) -> impl Iterator<Item = IpAddr> {
    list(&slice["endpoints"])
        .filter(|endpoint| endpoint["conditions"]["ready"] != false)
        .flat_map(|endpoint| list(&endpoint["addresses"]))
        .filter_map(|address| address.as_str()?.parse().ok())
}

/// Calls are connections: kube-proxy takes none for a port of UDP.
fn is_for_tcp(port: &Value) -> bool {
    !matches!(port["protocol"].as_str(), Some("UDP" | "SCTP"))
}

fn word<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok())
}

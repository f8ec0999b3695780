//! The cluster as data: what every decision is made from.
//!
//! Knows the shape of facts. Knows nothing of how they were read; what could not be read is a fact as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::{Deserialize, Serialize};

use crate::intent::GatewayName;
use crate::resource::{ObjectId, Resource};
use crate::role::Kind;
use crate::unreadable::Unreadable;

mod meshes;
mod node_demand;
mod pod;
mod short_names;

pub use meshes::{Home, Meshes};
pub use node_demand::{NodeDemand, NodeTerm};
pub use pod::{Owner, PodFacts, ProxyFacts, ProxyRole};

/// Everything that was read from one cluster at one moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The mesh as a whole.
    pub mesh: MeshFacts,
    /// The other meshes of the cluster: with a control plane and a root namespace of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_meshes: Vec<MeshFacts>,
    /// The egress gateways that were found, ordered by name.
    pub gateways: Vec<GatewayFacts>,
    /// Istio objects of all namespaces that could be read.
    pub resources: Vec<Resource>,
    /// Services of all namespaces that could be read.
    pub services: Vec<ServiceFacts>,
    /// Pods of the callers' namespaces.
    pub pods: Vec<PodFacts>,
    /// Nodes.
    pub nodes: Vec<NodeFacts>,
    /// Namespaces; empty where they could not be read.
    pub namespaces: Vec<NamespaceFacts>,
    /// The namespaces whose Istio objects were all read; `None`: all namespaces.
    pub istio_read_in: Option<BTreeSet<String>>,
    /// What could not be read, and why. Never hidden from the user.
    pub unreadable: Vec<Unreadable>,
}

/// Facts of the mesh as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshFacts {
    /// The newest served version of `networking.istio.io`: `v1`, else `v1beta1`, else `v1alpha3`.
    pub api_version: String,
    /// `meshConfig.rootNamespace`; what Istio installs where [`MeshFacts::root_unknown`] says that it is not known.
    pub root_namespace: String,
    /// Why the root namespace is not known, as a part of a sentence; `None`: it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_unknown: Option<String>,
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// `meshConfig.outboundTrafficPolicy.mode`; `None` where the mesh configuration could not be read.
    pub outbound: Option<OutboundMode>,
    /// `meshConfig.enableAutoMtls`: sidecars speak mTLS to mesh services that can, without a DestinationRule.
    pub auto_mtls: bool,
    /// `meshConfig.defaultConfig.proxyMetadata`, such as `ISTIO_META_DNS_CAPTURE`.
    pub proxy_metadata: BTreeMap<String, String>,
    /// What people accept about it: the annotation [`ACCEPT`](crate::metadata::ACCEPT).
    pub accepts: Option<String>,
    /// The ConfigMap that says all this, by namespace and name; `None` where nobody read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<(String, String)>,
    /// Who sees objects without `exportTo`.
    #[serde(default)]
    pub default_export_to: DefaultExportTo,
    /// `meshConfig.discoverySelectors`: in which namespaces istiod reads objects; in all where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discovery_selectors: Vec<LabelSelector>,
}

/// Who sees objects without `exportTo`, in its words; everybody where there is none. `initDefaultExportMaps` in
/// `pilot/pkg/model/push_context.go`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefaultExportTo {
    /// `meshConfig.defaultServiceExportTo`: of Services and ServiceEntries.
    pub services: Vec<String>,
    /// `meshConfig.defaultVirtualServiceExportTo`.
    pub virtual_services: Vec<String>,
    /// `meshConfig.defaultDestinationRuleExportTo`.
    pub destination_rules: Vec<String>,
    /// The objects of the snapshot have these words already.
    #[serde(skip)]
    pub is_applied: bool,
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Its labels, such as `istio-injection`.
    pub labels: BTreeMap<String, String>,
    /// What people accept about it: its annotation [`ACCEPT`](crate::metadata::ACCEPT).
    pub accepts: Option<String>,
}

/// What a sidecar does with a call to an unknown host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutboundMode {
    /// It refuses.
    RegistryOnly,
    /// It lets the call leave directly.
    AllowAny,
    /// The same for HTTP by the name that was called, resolved by the sidecar; as `ALLOW_ANY` for all else. From Istio
    /// 1.31 on, for the mesh as a whole only.
    AllowAnyDynamicDns,
}

impl OutboundMode {
    /// Whether calls to hosts that nobody added leave.
    pub fn lets_out(self) -> bool {
        self != OutboundMode::RegistryOnly
    }
}

impl fmt::Display for OutboundMode {
    /// As the mesh configuration writes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            OutboundMode::RegistryOnly => "REGISTRY_ONLY",
            OutboundMode::AllowAny => "ALLOW_ANY",
            OutboundMode::AllowAnyDynamicDns => "ALLOW_ANY_DYNAMIC_DNS",
        })
    }
}

/// One gateway: a Service and the pods behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayFacts {
    /// The Service.
    pub name: GatewayName,
    /// The Service's selector: what a Gateway object must select to meet exactly these pods.
    pub selector: BTreeMap<String, String>,
    /// The Service's ports.
    pub ports: Vec<ServicePort>,
    /// Its pods; empty where they could not be read.
    pub pods: Vec<PodFacts>,
    /// The Service has no address of its own: its name leads to the pods, and there the ports of the Service do not count.
    #[serde(default)]
    pub headless: bool,
    /// Taken from a flag or a default, never seen in a cluster.
    pub assumed: bool,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// The port's name; empty where it has none.
    pub name: String,
    /// The port callers dial.
    pub number: u16,
    /// The port the pods listen on; `None` where it is a name that no container of the pods explains.
    pub target: Option<u16>,
    /// Its `appProtocol`: what is spoken there, said more plainly than by the name.
    pub app_protocol: Option<String>,
    /// It is a port of UDP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub udp: bool,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFacts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Which pods are behind it.
    pub selector: BTreeMap<String, String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// For a Service of type ExternalName: the name it stands for.
    pub external_name: Option<String>,
    /// Its own addresses; none for a headless one, and for one of a file that no API server has seen.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Its `clusterIP` is `None`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// When it was created.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// Its annotation `networking.istio.io/exportTo`, parsed; `None` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_to: Option<Vec<String>>,
    /// What people accept about it: its annotation [`ACCEPT`](crate::metadata::ACCEPT).
    pub accepts: Option<String>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFacts {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its condition Ready.
    pub ready: bool,
    /// Not cordoned.
    pub schedulable: bool,
    /// Its taints, as `key=value:Effect`.
    pub taints: Vec<String>,
    /// Its addresses, of whatever type.
    pub addresses: Vec<String>,
    /// What people accept about it: its annotation [`ACCEPT`](crate::metadata::ACCEPT).
    pub accepts: Option<String>,
}

impl Default for MeshFacts {
    /// What Istio installs: used where no cluster is asked.
    fn default() -> Self {
        MeshFacts {
            api_version: "v1".to_owned(),
            root_namespace: "istio-system".to_owned(),
            root_unknown: None,
            cluster_domain: "cluster.local".to_owned(),
            outbound: None,
            auto_mtls: true,
            proxy_metadata: BTreeMap::new(),
            accepts: None,
            config_map: None,
            default_export_to: DefaultExportTo::default(),
            discovery_selectors: Vec::new(),
        }
    }
}

impl MeshFacts {
    /// The ConfigMap to change, by namespace and name: the one that was read, else where Istio keeps it.
    pub fn config_map(&self) -> (&str, &str) {
        match &self.config_map {
            Some((namespace, name)) => (namespace, name),
            None => (&self.root_namespace, "istio"),
        }
    }
}

impl GatewayFacts {
    /// The gateway of Istio's own installation, for where no cluster is asked.
    pub fn stock() -> Self {
        let labels = [("app", "istio-egressgateway"), ("istio", "egressgateway")];
        GatewayFacts::assumed(
            GatewayName { namespace: "istio-system".to_owned(), service: "istio-egressgateway".to_owned() },
            labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        )
    }

    /// A named gateway that cannot be read: the ports of Istio's charts are assumed.
    pub fn assumed(name: GatewayName, selector: BTreeMap<String, String>) -> Self {
        let port = |name: &str, number, target| ServicePort {
            name: name.to_owned(),
            number,
            target: Some(target),
            app_protocol: None,
            udp: false,
        };
        let ports = vec![port("http2", 80, 8080), port("https", 443, 8443)];
        GatewayFacts { name, selector, ports, pods: Vec::new(), headless: false, assumed: true }
    }

    /// The Service port with this number.
    pub fn port(&self, number: u16) -> Option<&ServicePort> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// The port of the pods on which a Gateway server of this number listens: the target of the Service's port, or the
    /// number itself where the Service has no such port. `resolvePorts` in `pilot/pkg/model/gateway.go`.
    pub fn listens_on(&self, number: i64) -> i64 {
        let port = u16::try_from(number).ok().and_then(|number| self.port(number));
        port.and_then(|port| port.target).map_or(number, i64::from)
    }

    /// The pods that can carry traffic now.
    pub fn ready_pods(&self) -> impl Iterator<Item = &PodFacts> {
        self.pods.iter().filter(|pod| pod.ready)
    }
}

impl Snapshot {
    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == *id)
    }

    /// Whether every Istio object of a namespace was read; without a namespace: of all namespaces.
    pub fn has_istio_of(&self, namespace: Option<&str>) -> bool {
        self.istio_read_in
            .as_ref()
            .is_none_or(|read| namespace.is_some_and(|namespace| read.contains(namespace)))
    }

    /// The objects of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.id.kind == kind)
    }

    /// The gateway with this name.
    pub fn gateway(&self, name: &GatewayName) -> Option<&GatewayFacts> {
        self.gateways.iter().find(|gateway| gateway.name == *name)
    }
}

/// The age of something, for tables: the moment it was created, if known.
pub fn created(resource: &Resource) -> Option<Timestamp> {
    resource.live.as_ref().and_then(|live| live.created)
}

//! Who is there: nodes, gateways and clients of a bed, as a YAML file says it.
//!
//! It knows nothing of addresses, namespaces of the kernel or processes.

use std::{collections::BTreeMap, fs, path::Path, str::FromStr};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::external_services::zone::Zone;

/// Everything that a bed may look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Topology {
    /// Node objects; pods name the one they run on.
    pub nodes: Vec<BedNode>,
    /// The istiods: gateways, and clients that name no revision, belong to the first. By default the one that Istio installs.
    #[serde(default = "stock_control_planes")]
    pub control_planes: Vec<BedControlPlane>,
    /// Egress gateways: Istio's own manifest for each, and pods.
    #[serde(default)]
    pub gateways: Vec<Gateway>,
    /// Pods that call out.
    #[serde(default)]
    pub clients: Vec<Client>,
    /// Namespaces beside those of gateways and clients.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// False: a Kubernetes without a mesh, for what has to be said about one. It has no pods.
    #[serde(default = "yes")]
    pub istio: bool,
    /// What a sidecar does with a host that the mesh does not know.
    #[serde(default)]
    pub outbound_traffic_policy: OutboundTrafficPolicy,
    /// Environment of istiod, over the bed's own.
    #[serde(default)]
    pub istiod_environment: BTreeMap<String, String>,
    /// The names of the external services; by default all of them are at the origin.
    #[serde(default)]
    pub zone: Option<Zone>,
}

/// An istiod, and where it is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BedControlPlane {
    /// Its namespace, which is the root namespace of its mesh.
    pub namespace: String,
    /// Its revision; `default` is an installation without one.
    pub revision: String,
}

impl BedControlPlane {
    /// The name of its Service and of everything else that is called as it.
    pub fn name(&self) -> String {
        self.named("istiod")
    }

    /// Where proxies find it.
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.name(), self.namespace)
    }

    pub(super) fn named(&self, name: &str) -> String {
        if self.is_default() { name.to_owned() } else { format!("{name}-{}", self.revision) }
    }

    pub(super) fn is_default(&self) -> bool {
        self.revision == "default"
    }
}

fn stock_control_planes() -> Vec<BedControlPlane> {
    vec![BedControlPlane { namespace: "istio-system".to_owned(), revision: "default".to_owned() }]
}

/// A node, as far as a scheduler would look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BedNode {
    /// Its name.
    pub name: String,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    #[serde(default)]
    pub taints: Vec<Taint>,
}

/// A taint of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value, often empty.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// An egress gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gateway {
    /// The namespace of everything that belongs to it.
    pub namespace: String,
    /// The name of its Service; its pods are called `<name>-0`, `<name>-1`, …
    pub name: String,
    /// Labels of the pods and selector of the Service; by default `app: <name>` and `istio: egressgateway`.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// The ports of the Service; by default those of Istio's manifest.
    #[serde(default)]
    pub ports: Option<Vec<GatewayServicePort>>,
    /// Its pods.
    #[serde(default)]
    pub pods: Vec<GatewayPod>,
}

impl Gateway {
    /// The labels of the pods.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.labels.clone().unwrap_or_else(|| {
            BTreeMap::from([("app".into(), self.name.clone()), ("istio".into(), "egressgateway".into())])
        })
    }
}

/// A port of a gateway's Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayServicePort {
    /// Its name.
    pub name: String,
    /// The number that callers dial.
    pub port: u16,
    /// The number that the pods listen on.
    pub target_port: u16,
}

/// A pod of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayPod {
    /// The node it runs on.
    pub node: String,
    /// False: the pod exists, is not ready, and no proxy runs in it.
    #[serde(default = "yes")]
    pub ready: bool,
}

/// A pod that calls out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// Its namespace.
    pub namespace: String,
    /// Its name, and the value of its label `app`.
    pub name: String,
    /// Its service account; by default as the pod.
    #[serde(default)]
    pub service_account: Option<String>,
    /// The node it runs on.
    pub node: String,
    /// Whether its traffic passes through a proxy.
    #[serde(default = "yes")]
    pub sidecar: bool,
    /// Labels beside `app`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The revision of its istiod; by default that of the first. All pods of a namespace have the same.
    #[serde(default)]
    pub revision: Option<String>,
}

impl Client {
    /// The service account it runs as.
    pub fn service_account(&self) -> &str {
        self.service_account.as_deref().unwrap_or(&self.name)
    }
}

/// Istio's `outboundTrafficPolicy.mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutboundTrafficPolicy {
    /// Unknown hosts are refused.
    #[default]
    RegistryOnly,
    /// Unknown hosts are called directly.
    AllowAny,
}

impl Topology {
    /// The default: `tests/bed/topology.yaml`.
    pub fn standard() -> anyhow::Result<Self> {
        include_str!("../../../../tests/bed/topology.yaml").parse()
    }

    /// Reads a topology file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        text.parse().with_context(|| format!("cannot understand {}", path.display()))
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.istio || (self.gateways.is_empty() && self.clients.is_empty()),
            "gateways and clients need Istio, and `istio` is false"
        );
        let placed = self.gateways.iter().flat_map(|gateway| gateway.pods.iter().map(|pod| &pod.node));
        ensure!(!self.control_planes.is_empty(), "a mesh needs an istiod under controlPlanes");
        let mut names: Vec<_> = self.control_planes.iter().map(BedControlPlane::name).collect();
        names.sort_unstable();
        names.dedup();
        ensure!(names.len() == self.control_planes.len(), "two istiods have one revision");
        for revision in self.clients.iter().filter_map(|client| client.revision.as_deref()) {
            ensure!(
                self.control_planes.iter().any(|known| known.revision == revision),
                "a client has revision {revision:?}, which is not listed under controlPlanes"
            );
        }
        for node in placed.chain(self.clients.iter().map(|client| &client.node)) {
            ensure!(
                self.nodes.iter().any(|known| known.name == *node),
                "a pod is on node {node:?}, which is not listed under nodes"
            );
        }
        Ok(())
    }
}

impl FromStr for Topology {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let topology: Self = serde_yaml::from_str(text)?;
        topology.check()?;
        Ok(topology)
    }
}

fn yes() -> bool {
    true
}

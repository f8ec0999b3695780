//! Objects that can break an egress or let calls leave beside it: security, workloads, the control plane.
//!
//! A diagnosis and an audit read these facts; adding hosts reads what a simulation of calls needs of them. Knows their form,
//! not their meaning.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::HorizontalPodAutoscalerSpec;
use egress_istio::authorization_policy::AuthorizationPolicySpec;
use egress_istio::peer_authentication::PeerAuthenticationSpec;
use jiff::Timestamp;
use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use k8s_openapi::api::policy::v1::PodDisruptionBudgetSpec;
use k8s_openapi::api::rbac::v1::{PolicyRule, Subject};
use serde_json::Value;

use crate::admission::exported::Flaw;
use crate::certificate_validity::CertificateValidity;
use crate::istio::features::IstiodVariables;
use crate::snapshot::{NodeDemand, PodFacts, ServiceFacts};

mod envoy_filters;
mod merge;
mod reader;
mod sync;

pub use envoy_filters::{
    EnvoyFilterChange, EnvoyFilterFacts, EnvoyFilterMatch, EnvoyFilterPatch, EnvoyFilterTarget, MatchedChain,
    MatchedCluster, MatchedListener, MatchedPart, MatchedRoutes, MatchedVirtualHost,
};
pub use merge::{keep_last, replace};
pub use sync::{SyncFacts, sync};

/// All of them. What could not be had is not told here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedResources {
    /// Who may speak to whom, of group `security.istio.io`.
    pub authorization_policies: Vec<Named<AuthorizationPolicySpec>>,
    /// Which mTLS servers expect, of group `security.istio.io`.
    pub peer_authentications: Vec<Named<PeerAuthenticationSpec>>,
    /// Objects of the Kubernetes Gateway API.
    pub gateway_api: Vec<GatewayApiObject>,
    /// What changes the configuration of proxies after istiod has made it.
    #[serde(default)]
    pub envoy_filters: Vec<Named<EnvoyFilterFacts>>,
    /// Which connections the network lets through.
    pub network_policies: Vec<Named<NetworkPolicySpec>>,
    /// Where Services lead.
    #[serde(default)]
    pub endpoint_slices: Vec<Named<SliceFacts>>,
    /// What runs pods.
    pub workloads: Vec<WorkloadFacts>,
    /// How many pods of a kind a drain must leave.
    pub budgets: Vec<Named<PodDisruptionBudgetSpec>>,
    /// How many pods of a kind there may be.
    pub autoscalers: Vec<Named<HorizontalPodAutoscalerSpec>>,
    /// Endpoints outside the cluster, which Services and ServiceEntries select like pods.
    #[serde(default)]
    pub workload_entries: Vec<Named<WorkloadEntryFacts>>,
    /// Secrets by name.
    pub secrets: Vec<SecretFacts>,
    /// Roles, and without a namespace ClusterRoles.
    #[serde(default)]
    pub access_roles: Vec<Named<AccessRole>>,
    /// RoleBindings, and without a namespace ClusterRoleBindings.
    #[serde(default)]
    pub access_bindings: Vec<Named<AccessBinding>>,
    /// Webhooks that judge objects of Istio.
    pub webhooks: Vec<WebhookFacts>,
    /// The pods of istiod.
    pub istiod: Vec<PodFacts>,
    /// What istiod says of the proxies that are connected to it; none where it was not asked or did not answer.
    pub sync: Option<Vec<SyncFacts>>,
    /// The exported policy of the API server.
    #[serde(default)]
    pub export: ExportFacts,
}

/// What is wrong with the exported policy of the API server; nothing where nobody exported one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExportFacts {
    /// Whether there is one.
    pub exists: bool,
    /// Each of its flaws.
    pub flaws: Vec<Flaw>,
    /// Why nobody knows.
    pub unreadable: Option<String>,
}

/// An object: which one, and what it says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named<S> {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// What it says.
    pub spec: S,
}

/// The pods that an object of Istio is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectedPods {
    /// Their labels.
    pub labels: BTreeMap<String, String>,
}

/// A `WorkloadEntry`: where it is, and what selects it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadEntryFacts {
    /// Its address, or the name of a host.
    pub address: Option<String>,
    /// Its labels; those of the object count as well.
    pub labels: BTreeMap<String, String>,
    /// Its own numbers for ports of services, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<String, i64>,
    /// The network that it is on, reached through a gateway of that network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Whom it acts as: a sign that it is of the mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

/// What a Role or a ClusterRole allows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessRole {
    /// Its rules.
    pub rules: Vec<PolicyRule>,
    /// Whether a controller fills in the rules, of other ClusterRoles.
    pub is_aggregated: bool,
}

/// Who has a Role or a ClusterRole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessBinding {
    /// The name of the role.
    pub role: String,
    /// Whether that is a ClusterRole.
    pub is_cluster_role: bool,
    /// The users, groups and service accounts.
    pub subjects: Vec<Subject>,
}

/// Endpoints of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SliceFacts {
    /// The kind: `EndpointSlice`, or `Endpoints` in a file.
    pub kind: String,
    /// Their addresses, ready or not.
    pub addresses: Vec<String>,
    /// The addresses that are not ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ready: Vec<String>,
    /// Their ports for TCP.
    pub ports: Vec<i32>,
    /// The names of these ports, in the same order: a port of the Service leads to the port of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port_names: Vec<String>,
}

/// The label that names the Service of a slice. <https://kubernetes.io/docs/reference/labels-annotations-taints/>
pub const SERVICE_OF_SLICE: &str = "kubernetes.io/service-name";

impl Named<SliceFacts> {
    /// Whether they are endpoints of a Service.
    pub fn is_of(&self, service: &ServiceFacts) -> bool {
        self.namespace == service.namespace
            && (self.labels.get(SERVICE_OF_SLICE) == Some(&service.name)
                || (self.spec.kind == "Endpoints" && self.name == service.name))
    }
}

/// An object of `gateway.networking.k8s.io`, in the form it was written: its versions differ too much for one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayApiObject {
    /// The kind: `Gateway`, `HTTPRoute`, `TLSRoute`, `TCPRoute`, `GRPCRoute`, `ReferenceGrant`.
    pub kind: String,
    /// The group and version it was written in.
    pub api_version: String,
    /// Which one, and its `spec`.
    pub object: Named<Value>,
    /// Its `status`; null where there is none.
    pub status: Value,
}

/// A Deployment, `StatefulSet` or `DaemonSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadFacts {
    /// The kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many pods it is to run; none for a `DaemonSet`.
    pub replicas: Option<i32>,
    /// The labels of the pods it makes.
    pub labels: BTreeMap<String, String>,
    /// The annotations of the pods it makes, as far as they are Istio's.
    pub annotations: BTreeMap<String, String>,
    /// Which nodes the pods it makes must run on.
    #[serde(default, skip_serializing_if = "NodeDemand::is_empty")]
    pub node_demand: NodeDemand,
    /// Where its pods are istiod's: the variables that change where calls end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub istiod: Option<IstiodVariables>,
}

/// A Secret: what it is called, which keys it has, and how long its certificates are valid. What they hold is never kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretFacts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its type, such as `kubernetes.io/tls`; empty where only the name was asked for.
    pub kind: String,
    /// Its keys; none where only the name was asked for.
    pub keys: Option<BTreeSet<String>>,
    /// The other clusters whose Services and pods istiod reads with it: `istioctl create-remote-secret`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_clusters: Vec<String>,
    /// The certificates in PEM, by key; nothing where only the name was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, Vec<CertificateValidity>>,
}

/// One webhook of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFacts {
    /// `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
    pub kind: String,
    /// The configuration's name.
    pub configuration: String,
    /// The webhook's name.
    pub name: String,
    /// The namespace and name of the Service that answers; none where it is a URL.
    pub service: Option<(String, String)>,
    /// Whether the server's certificate can be checked.
    pub has_ca: bool,
    /// What a failure to answer means: `Fail` refuses the object.
    pub fails_closed: bool,
    /// The API groups of the objects it judges.
    pub groups: BTreeSet<String>,
}

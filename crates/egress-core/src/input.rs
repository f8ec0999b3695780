//! The kinds of facts that a decision may be made from, by name: what a check declares that it reads, and what could not
//! be had.
//!
//! Knows names only.

use std::fmt;

use enumset::EnumSetType;
use serde::{Deserialize, Serialize};

use crate::role::Kind;

/// One kind of facts.
#[derive(Debug, Hash, PartialOrd, Ord, EnumSetType, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// Mesh configuration.
    Mesh,
    /// Gateway Services and their pods.
    Gateways,
    /// Nodes.
    Nodes,
    /// Namespaces and their labels.
    Namespaces,
    /// Pods of callers, and the namespaces they are in.
    Pods,
    /// ServiceEntry objects.
    ServiceEntries,
    /// VirtualService objects.
    VirtualServices,
    /// DestinationRule objects.
    DestinationRules,
    /// Gateway objects.
    GatewayObjects,
    /// Sidecar objects.
    Sidecars,
    /// `AuthorizationPolicy` objects.
    AuthorizationPolicies,
    /// `PeerAuthentication` objects.
    PeerAuthentications,
    /// Objects of the Kubernetes Gateway API.
    GatewayApi,
    /// `EnvoyFilter` objects: which there are, not what they do.
    EnvoyFilters,
    /// `NetworkPolicy` objects.
    NetworkPolicies,
    /// Services of any kind.
    Services,
    /// `EndpointSlice` objects: where Services lead.
    EndpointSlices,
    /// Deployments, `StatefulSet`s and `DaemonSet`s.
    Workloads,
    /// `PodDisruptionBudget` and `HorizontalPodAutoscaler` objects.
    Budgets,
    /// `WorkloadEntry` objects: endpoints outside the cluster.
    WorkloadEntries,
    /// Secrets: their names, keys and the validity of certificates, never what they hold.
    Secrets,
    /// Roles, ClusterRoles and what binds them: what service accounts may read.
    AccessRoles,
    /// Configurations of admission webhooks.
    Webhooks,
    /// The pods of istiod, and what istiod says of its proxies.
    ControlPlane,
    /// What the user may write.
    Rights,
    /// Envoys of gateway pods.
    GatewayProxies,
    /// Envoys of calling pods.
    ClientProxies,
    /// What the organisation's policies demand.
    Policies,
    /// Other clusters of the same fleet: compared where somebody names them, and missed by nobody.
    Fleet,
}

/// Why facts of a kind are not there. Facts that were looked for and do not exist are no gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gap {
    /// Nobody gave them: files need not hold everything.
    NotGiven,
    /// They could not be read, and why.
    Unreadable(String),
}

impl Input {
    /// Whether these are objects of Istio that make or break routes.
    pub fn is_of_istio(self) -> bool {
        Kind::OF_ISTIO.into_iter().any(|kind| Input::from(kind) == self)
    }

    /// Whether nobody knows of these facts where no object holds them: files need not hold everything. Without an object of
    /// Istio there is none; what is no object is read, or missed by its own rules.
    pub fn is_given_by_objects(self) -> bool {
        match self {
            Input::Mesh
            | Input::Gateways
            | Input::Nodes
            | Input::Namespaces
            | Input::Pods
            | Input::Services
            | Input::AuthorizationPolicies
            | Input::PeerAuthentications
            | Input::GatewayApi
            | Input::NetworkPolicies
            | Input::EndpointSlices
            | Input::Workloads
            | Input::Budgets
            | Input::Secrets
            | Input::AccessRoles
            | Input::Webhooks
            | Input::ControlPlane
            | Input::Rights => true,
            Input::ServiceEntries
            | Input::VirtualServices
            | Input::DestinationRules
            | Input::GatewayObjects
            | Input::Sidecars
            | Input::EnvoyFilters
            | Input::WorkloadEntries
            | Input::GatewayProxies
            | Input::ClientProxies
            | Input::Policies
            | Input::Fleet => false,
        }
    }
}

impl From<Kind> for Input {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ServiceEntry => Input::ServiceEntries,
            Kind::VirtualService => Input::VirtualServices,
            Kind::DestinationRule => Input::DestinationRules,
            Kind::Gateway => Input::GatewayObjects,
            Kind::Sidecar => Input::Sidecars,
            Kind::NetworkPolicy => Input::NetworkPolicies,
            Kind::HttpRoute => Input::GatewayApi,
        }
    }
}

impl fmt::Display for Input {
    /// As a sentence names them: `NetworkPolicies`, `the mesh configuration`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Input::Mesh => "the mesh configuration",
            Input::Gateways => "the gateway's Service and pods",
            Input::Nodes => "nodes",
            Input::Namespaces => "namespaces",
            Input::Pods => "pods",
            Input::ServiceEntries => "ServiceEntries",
            Input::VirtualServices => "VirtualServices",
            Input::DestinationRules => "DestinationRules",
            Input::GatewayObjects => "Gateways",
            Input::Sidecars => "Sidecars",
            Input::AuthorizationPolicies => "AuthorizationPolicies",
            Input::PeerAuthentications => "PeerAuthentications",
            Input::GatewayApi => "objects of the Gateway API",
            Input::EnvoyFilters => "EnvoyFilters",
            Input::NetworkPolicies => "NetworkPolicies",
            Input::Services => "Services",
            Input::EndpointSlices => "EndpointSlices",
            Input::Workloads => "Deployments",
            Input::Budgets => "PodDisruptionBudgets and HorizontalPodAutoscalers",
            Input::WorkloadEntries => "WorkloadEntries",
            Input::Secrets => "Secrets",
            Input::AccessRoles => "Roles and RoleBindings",
            Input::Webhooks => "admission webhooks",
            Input::ControlPlane => "istiod",
            Input::Rights => "the user's permissions",
            Input::GatewayProxies => "the gateway's Envoys",
            Input::ClientProxies => "the callers' Envoys",
            Input::Policies => "policies",
            Input::Fleet => "other clusters",
        })
    }
}

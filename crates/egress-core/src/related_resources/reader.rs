//! One reader for the related resources of clusters, files and fixtures: which facts an object gives, by its group and kind.
//!
//! Knows no source: an API server leaves the kind out of the items of its lists, so the caller says it.

use std::collections::{BTreeMap, BTreeSet};

use egress_istio::authorization_policy::AuthorizationPolicySpec;
use egress_istio::peer_authentication::PeerAuthenticationSpec;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Endpoints;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{AggregationRule, PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::merge::{of_webhook, replace};
use super::{
    AccessBinding, AccessRole, EnvoyFilterFacts, GatewayApiObject, Named, RelatedResources, SecretFacts,
    WebhookFacts, WorkloadEntryFacts,
};
use crate::certificate_validity::{CertificateValidity, of_secret};
use crate::input::Input;
use crate::kubernetes::HorizontalPodAutoscaler;
use crate::objects::{self, named};
use crate::tree::Tree;
use crate::typed::{FieldError, typed};

/// The label of Secrets with access to other clusters, one a key: `MultiClusterSecretLabel` in
/// `pkg/kube/multicluster/secretcontroller.go`.
const REMOTE: &str = "istio/multiCluster";

/// An object whose spec has a type of ours.
#[derive(Deserialize)]
struct Custom<S> {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: S,
}

/// A Role or a ClusterRole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyRole {
    #[serde(default)]
    metadata: ObjectMeta,
    rules: Option<Vec<PolicyRule>>,
    aggregation_rule: Option<AggregationRule>,
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyBinding {
    #[serde(default)]
    metadata: ObjectMeta,
    role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

/// A Secret of which only the certificates are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<BTreeMap<String, Certificates>>,
    string_data: Option<BTreeMap<String, Certificates>>,
}

/// How long the certificates in a value are valid. Anything else is dropped while it is read: tools that hide what Secrets
/// hold may write anything in its place.
struct Certificates(Vec<CertificateValidity>);

impl<'de> Deserialize<'de> for Certificates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Certificates(value.as_str().map(of_secret).unwrap_or_default()))
    }
}

impl RelatedResources {
    /// Adds the facts of an object of this API version and kind. Which facts these are; none for a kind that gives none.
    ///
    /// # Errors
    /// The field that does not fit the schema of the kind.
    pub fn read(
        &mut self,
        api_version: &str,
        kind: &str,
        object: &Tree<'_>,
    ) -> Result<Option<Input>, FieldError> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let input = match (group, kind) {
            ("security.istio.io", "AuthorizationPolicy") => {
                self.authorization_policies.push(custom::<AuthorizationPolicySpec>(object)?);
                Input::AuthorizationPolicies
            }
            ("security.istio.io", "PeerAuthentication") => {
                self.peer_authentications.push(custom::<PeerAuthenticationSpec>(object)?);
                Input::PeerAuthentications
            }
            ("gateway.networking.k8s.io", _) => {
                let status = object.get("status").map(Value::from).unwrap_or_default();
                self.gateway_api.push(GatewayApiObject {
                    kind: kind.to_owned(),
                    api_version: api_version.to_owned(),
                    object: custom(object)?,
                    status,
                });
                Input::GatewayApi
            }
            ("networking.istio.io", "EnvoyFilter") => {
                self.envoy_filters.push(custom::<EnvoyFilterFacts>(object)?);
                Input::EnvoyFilters
            }
            ("networking.istio.io", "WorkloadEntry") => {
                self.workload_entries.push(custom::<WorkloadEntryFacts>(object)?);
                Input::WorkloadEntries
            }
            ("networking.k8s.io", "NetworkPolicy") => {
                let policy: NetworkPolicy = typed(object)?;
                self.network_policies.push(named(policy.metadata, policy.spec.unwrap_or_default()));
                Input::NetworkPolicies
            }
            ("discovery.k8s.io", "EndpointSlice") => {
                self.endpoint_slices.push(objects::endpoint_slice(typed::<EndpointSlice>(object)?));
                Input::EndpointSlices
            }
            ("", "Endpoints") => {
                self.endpoint_slices.push(objects::endpoints(typed::<Endpoints>(object)?));
                Input::EndpointSlices
            }
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                self.workloads.push(objects::workload(kind, &typed(object)?));
                Input::Workloads
            }
            ("policy", "PodDisruptionBudget") => {
                let budget: PodDisruptionBudget = typed(object)?;
                self.budgets.push(named(budget.metadata, budget.spec.unwrap_or_default()));
                Input::Budgets
            }
            ("autoscaling", "HorizontalPodAutoscaler") => {
                let autoscaler: HorizontalPodAutoscaler = typed(object)?;
                self.autoscalers.push(named(autoscaler.metadata, autoscaler.spec.unwrap_or_default()));
                Input::Budgets
            }
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => {
                self.webhooks(objects::webhooks(&typed::<ValidatingWebhookConfiguration>(object)?));
                Input::Webhooks
            }
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => {
                self.webhooks(objects::webhooks(&typed::<MutatingWebhookConfiguration>(object)?));
                Input::Webhooks
            }
            ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
                let AnyRole { metadata, rules, aggregation_rule } = typed(object)?;
                let access = AccessRole {
                    rules: rules.unwrap_or_default(),
                    is_aggregated: aggregation_rule.is_some(),
                };
                self.access_roles.push(named(metadata, access));
                Input::AccessRoles
            }
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                let AnyBinding { metadata, role_ref, subjects } = typed(object)?;
                let access = AccessBinding {
                    is_cluster_role: role_ref.kind == "ClusterRole",
                    role: role_ref.name,
                    subjects: subjects.unwrap_or_default(),
                };
                self.access_bindings.push(named(metadata, access));
                Input::AccessRoles
            }
            ("", "Secret") => {
                self.secrets.push(secret(typed(object)?));
                Input::Secrets
            }
            _ => return Ok(None),
        };
        Ok(Some(input))
    }

    /// Of one configuration: nothing else tells where the webhooks of the next begin.
    fn webhooks(&mut self, of_one: Vec<WebhookFacts>) {
        replace(&mut self.webhooks, of_one, of_webhook);
    }
}

fn custom<S: DeserializeOwned + Default>(object: &Tree<'_>) -> Result<Named<S>, FieldError> {
    let Custom { metadata, spec } = typed(object)?;
    Ok(named(metadata, spec))
}

/// Keeps of a Secret's content only how long its certificates are valid.
fn secret(secret: Secret) -> SecretFacts {
    let values = secret.data.into_iter().flatten().chain(secret.string_data.into_iter().flatten());
    let values: BTreeMap<String, Vec<CertificateValidity>> =
        values.map(|(key, Certificates(found))| (key, found)).collect();
    let keys: BTreeSet<String> = values.keys().cloned().collect();
    let labels = secret.metadata.labels.as_ref();
    let is_remote = labels.and_then(|labels| labels.get(REMOTE)).is_some_and(|value| value == "true");
    SecretFacts {
        remote_clusters: if is_remote { keys.iter().cloned().collect() } else { Vec::new() },
        namespace: secret.metadata.namespace.unwrap_or_default(),
        name: secret.metadata.name.unwrap_or_default(),
        kind: secret.kind.unwrap_or_default(),
        keys: Some(keys),
        certificates: values.into_iter().filter(|(_, found)| !found.is_empty()).collect(),
    }
}

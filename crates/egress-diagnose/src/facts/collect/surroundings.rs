//! The objects around an egress, by group and kind.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::kubernetes::HorizontalPodAutoscaler;
use egress_core::objects::{self, named};
use egress_core::surroundings::{GatewayApiObject, Named, SecretFacts};
use egress_core::tree::Tree;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Endpoints;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::{CollectError, Collector, typed, word};

/// An object whose spec has a type of ours.
#[derive(Deserialize)]
struct Custom<S> {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: S,
}

/// A Secret without its content.
#[expect(clippy::zero_sized_map_values, reason = "keys are read, and what they hold is skipped")]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<BTreeMap<String, IgnoredAny>>,
    string_data: Option<BTreeMap<String, IgnoredAny>>,
}

impl Collector {
    pub(super) fn surroundings(
        &mut self,
        group: &str,
        kind: &str,
        object: &Tree<'_>,
    ) -> Result<(), CollectError> {
        let around = &mut self.facts.surroundings;
        let input = match (group, kind) {
            ("security.istio.io", "AuthorizationPolicy") => {
                around.authorization_policies.push(custom(object)?);
                Input::AuthorizationPolicies
            }
            ("security.istio.io", "PeerAuthentication") => {
                around.peer_authentications.push(custom(object)?);
                Input::PeerAuthentications
            }
            ("gateway.networking.k8s.io", _) => {
                let api_version = word(object, &["apiVersion"]);
                let status = object.get("status").map(Value::from).unwrap_or_default();
                let object = custom(object)?;
                around.gateway_api.push(GatewayApiObject {
                    kind: kind.to_owned(),
                    api_version,
                    object,
                    status,
                });
                Input::GatewayApi
            }
            ("networking.k8s.io", "NetworkPolicy") => {
                let policy: NetworkPolicy = typed(object)?;
                around.network_policies.push(named(policy.metadata, policy.spec.unwrap_or_default()));
                Input::NetworkPolicies
            }
            ("discovery.k8s.io", "EndpointSlice") => {
                around.endpoint_slices.push(objects::endpoint_slice(typed::<EndpointSlice>(object)?));
                Input::EndpointSlices
            }
            ("", "Endpoints") => {
                around.endpoint_slices.push(objects::endpoints(typed::<Endpoints>(object)?));
                Input::EndpointSlices
            }
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                around.workloads.push(objects::workload(kind, &typed(object)?));
                Input::Workloads
            }
            ("policy", "PodDisruptionBudget") => {
                let budget: PodDisruptionBudget = typed(object)?;
                around.budgets.push(named(budget.metadata, budget.spec.unwrap_or_default()));
                Input::Budgets
            }
            ("autoscaling", "HorizontalPodAutoscaler") => {
                let autoscaler: HorizontalPodAutoscaler = typed(object)?;
                around.autoscalers.push(named(autoscaler.metadata, autoscaler.spec.unwrap_or_default()));
                Input::Budgets
            }
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => {
                around.webhooks.extend(objects::webhooks(&typed::<ValidatingWebhookConfiguration>(object)?));
                Input::Webhooks
            }
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => {
                around.webhooks.extend(objects::webhooks(&typed::<MutatingWebhookConfiguration>(object)?));
                Input::Webhooks
            }
            ("", "Secret") => {
                around.secrets.push(secret(typed(object)?));
                Input::Secrets
            }
            _ => return Ok(()),
        };
        self.given.insert(input);
        Ok(())
    }
}

fn custom<S: DeserializeOwned + Default>(object: &Tree<'_>) -> Result<Named<S>, CollectError> {
    let Custom { metadata, spec } = typed(object)?;
    Ok(named(metadata, spec))
}

/// Drops a Secret's content while reading it, whatever its form: tools that hide it may write anything in its place.
fn secret(secret: Secret) -> SecretFacts {
    let keys = secret.data.into_iter().flatten().chain(secret.string_data.into_iter().flatten());
    SecretFacts {
        namespace: secret.metadata.namespace.unwrap_or_default(),
        name: secret.metadata.name.unwrap_or_default(),
        kind: secret.kind.unwrap_or_default(),
        keys: Some(keys.map(|(key, _)| key).collect()),
    }
}

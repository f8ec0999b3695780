//! Reads the objects that matter to the egresses: one list per kind, all at the same time. Only a diagnosis needs them.
//!
//! Knows kinds, paths and permissions. A kind that the server does not have counts as read and empty. A kind that the
//! user may not list in all namespaces is a gap: a partial list would mislead.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::{Gap, Input};
use egress_core::kubernetes::{self, HorizontalPodAutoscaler, Pod};
use egress_core::objects;
use egress_core::related_resources::{Named, RelatedResources, SecretFacts, Workload};
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_core::unreadable::Unreadable;
use egress_istio::authorization_policy::AuthorizationPolicySpec;
use egress_istio::peer_authentication::PeerAuthenticationSpec;
use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::Collection;

pub mod beyond;
mod gateway_api;

/// Requests for Secrets in flight.
const AT_ONCE: usize = 8;

/// The objects that could be read, and why others could not.
#[derive(Clone, Debug, Default)]
pub struct RelatedReading {
    /// The facts.
    pub facts: RelatedResources,
    /// The kinds that could not be read.
    pub gaps: BTreeMap<Input, Gap>,
    /// The same, in kubectl's words.
    pub unreadable: Vec<Unreadable>,
}

/// An object whose spec has a type of ours.
#[derive(Deserialize)]
struct Custom<S> {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: S,
}

/// All objects of one kind, or why they may not be read.
type Listed<T> = Result<Vec<T>, Unreadable>;

impl Cluster {
    /// Reads the objects that matter to the egresses, except Secrets: the other objects say which Secrets matter.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn related_resources(&self) -> Result<RelatedReading, ClusterError> {
        let policies =
            Collection::of_group(Input::NetworkPolicies, "networking.k8s.io", "v1", "networkpolicies");
        let apps = |plural| Collection::of_group(Input::Workloads, "apps", "v1", plural);
        let budgets = Collection::of_group(Input::Budgets, "policy", "v1", "poddisruptionbudgets");
        let scalers = Collection::of_group(Input::Budgets, "autoscaling", "v2", "horizontalpodautoscalers");
        let slices = Collection::of_group(Input::EndpointSlices, "discovery.k8s.io", "v1", "endpointslices");
        let hooks =
            |plural| Collection::of_group(Input::Webhooks, "admissionregistration.k8s.io", "v1", plural);
        let (deployments, stateful_sets, daemon_sets) =
            (apps("deployments"), apps("statefulsets"), apps("daemonsets"));
        let (validating, mutating) =
            (hooks("validatingwebhookconfigurations"), hooks("mutatingwebhookconfigurations"));
        let read = tokio::try_join!(
            self.security(),
            self.gateway_api(),
            self.whole::<NetworkPolicy>(&policies),
            self.workloads(&deployments, &stateful_sets, &daemon_sets),
            self.whole::<PodDisruptionBudget>(&budgets),
            self.whole::<HorizontalPodAutoscaler>(&scalers),
            self.whole::<ValidatingWebhookConfiguration>(&validating),
            self.whole::<MutatingWebhookConfiguration>(&mutating),
            self.whole::<EndpointSlice>(&slices),
        )?;
        let mut related = RelatedReading::default();
        related.keep(Input::AuthorizationPolicies, read.0.0, |facts, found| {
            facts.authorization_policies = custom(found);
        });
        related.keep(Input::PeerAuthentications, read.0.1, |facts, found| {
            facts.peer_authentications = custom(found);
        });
        related.keep(Input::GatewayApi, read.1, |facts, found| facts.gateway_api = found);
        related.keep(Input::NetworkPolicies, read.2, |facts, found| {
            let found = found.into_iter();
            facts.network_policies = found
                .map(|object| objects::named(object.metadata, object.spec.unwrap_or_default()))
                .collect();
        });
        related.keep(Input::Workloads, read.3, |facts, found| facts.workloads = found);
        related.keep(Input::Budgets, read.4, |facts, found| {
            let found = found.into_iter();
            facts.budgets = found
                .map(|object| objects::named(object.metadata, object.spec.unwrap_or_default()))
                .collect();
        });
        related.keep(Input::Budgets, read.5, |facts, found| {
            let found = found.into_iter();
            facts.autoscalers = found
                .map(|object| objects::named(object.metadata, object.spec.unwrap_or_default()))
                .collect();
        });
        related.keep(Input::Webhooks, read.6, |facts, found| {
            facts.webhooks.extend(found.iter().flat_map(objects::webhooks));
        });
        related.keep(Input::Webhooks, read.7, |facts, found| {
            facts.webhooks.extend(found.iter().flat_map(objects::webhooks));
        });
        related.keep(Input::EndpointSlices, read.8, |facts, found| {
            facts.endpoint_slices = found.into_iter().map(objects::endpoint_slice).collect();
        });
        Ok(related)
    }

    /// Which of these Secrets exist, by namespace and name. Never reads their content.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn secrets(
        &self,
        wanted: &BTreeSet<(String, String)>,
    ) -> Result<Listed<SecretFacts>, ClusterError> {
        let asked = wanted.iter().map(|(namespace, name)| async move {
            let secrets: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
            let found = match self.ask(secrets.get_metadata_opt(name)).await {
                Err(ClusterError::Forbidden(why)) => {
                    let secret = Unreadable::new(Input::Secrets, format!("secret/{name}"), why);
                    return Ok(Err(secret.in_namespace(namespace)));
                }
                found => found?,
            };
            let (namespace, name) = (namespace.clone(), name.clone());
            Ok(Ok(found.map(|_| SecretFacts { namespace, name, ..SecretFacts::default() })))
        });
        let found: Vec<Result<Option<SecretFacts>, Unreadable>> =
            stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().filter_map(Result::transpose).collect())
    }

    /// The pods of istiod: from all pods if those were read, else listed by label in the root namespace.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn istiod(
        &self,
        snapshot: &Snapshot,
    ) -> Result<Result<Vec<PodFacts>, Unreadable>, ClusterError> {
        if !snapshot.unreadable.iter().any(|missing| missing.input == Some(Input::Pods)) {
            let is_istiod = |pod: &&PodFacts| pod.labels.get("app").is_some_and(|app| app == "istiod");
            return Ok(Ok(snapshot.pods.iter().filter(is_istiod).cloned().collect()));
        }
        let (pods, root) = (Collection::core(Input::ControlPlane, "pods"), &snapshot.mesh.root_namespace);
        let listed = self.list::<Pod>(&pods, Some(root), Some("app=istiod")).await;
        let pods = match listed {
            Err(ClusterError::Forbidden(why)) => Err(pods.unreadable(why).in_namespace(root)),
            listed => Ok(listed?),
        };
        Ok(pods.map(|pods| pods.iter().map(objects::pod).collect()))
    }

    /// Both kinds of the group, in the server's best version.
    async fn security(
        &self,
    ) -> Result<(Listed<Custom<AuthorizationPolicySpec>>, Listed<Custom<PeerAuthenticationSpec>>), ClusterError>
    {
        const GROUP: &str = "security.istio.io";
        let Some(version) = self.versions(GROUP).await?.into_iter().next() else {
            return Ok((Ok(Vec::new()), Ok(Vec::new())));
        };
        let kind = |input: Input, plural| Collection::of_group(input, GROUP, &version, plural);
        let (policies, peers) = (
            kind(Input::AuthorizationPolicies, "authorizationpolicies"),
            kind(Input::PeerAuthentications, "peerauthentications"),
        );
        tokio::try_join!(self.whole(&policies), self.whole(&peers))
    }

    async fn workloads(
        &self,
        deployments: &Collection,
        stateful_sets: &Collection,
        daemon_sets: &Collection,
    ) -> Result<Listed<Workload>, ClusterError> {
        let (deployments, stateful_sets, daemon_sets) =
            tokio::try_join!(self.whole(deployments), self.whole(stateful_sets), self.whole(daemon_sets),)?;
        let facts = |kind, listed: Listed<kubernetes::Workload>| {
            listed.map(|all| all.iter().map(|one| objects::workload(kind, one)).collect::<Vec<_>>())
        };
        let all = || {
            let deployments = facts("Deployment", deployments)?;
            let stateful_sets = facts("StatefulSet", stateful_sets)?;
            Ok([deployments, stateful_sets, facts("DaemonSet", daemon_sets)?].concat())
        };
        Ok(all())
    }

    /// Every object of a kind in all namespaces.
    async fn whole<T: DeserializeOwned>(&self, kind: &Collection) -> Result<Listed<T>, ClusterError> {
        match self.list(kind, None, None).await {
            Err(ClusterError::Forbidden(why)) => Ok(Err(kind.unreadable(why).outside(BTreeSet::new()))),
            Err(error) if error.is_not_found() => Ok(Ok(Vec::new())),
            listed => listed.map(Ok),
        }
    }
}

impl RelatedReading {
    /// Adds the pods of istiod.
    pub fn add_istiod(&mut self, pods: Result<Vec<PodFacts>, Unreadable>) {
        self.keep(Input::ControlPlane, pods, |facts, found| facts.istiod = found);
    }

    /// Adds the Secrets.
    pub fn add_secrets(&mut self, secrets: Result<Vec<SecretFacts>, Unreadable>) {
        self.keep(Input::Secrets, secrets, |facts, found| facts.secrets = found);
    }

    fn keep<T>(&mut self, input: Input, listed: Listed<T>, take: impl FnOnce(&mut RelatedResources, Vec<T>)) {
        match listed {
            Ok(found) => take(&mut self.facts, found),
            Err(unreadable) => {
                self.gaps.insert(input, Gap::Unreadable(unreadable.why.clone()));
                self.unreadable.push(unreadable);
            }
        }
    }
}

fn custom<S>(found: Vec<Custom<S>>) -> Vec<Named<S>> {
    found.into_iter().map(|Custom { metadata, spec }| objects::named(metadata, spec)).collect()
}

#[cfg(test)]
mod tests;

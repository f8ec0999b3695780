//! Reads the objects that matter to the egresses: one list per kind, all at the same time. Only a diagnosis needs them.
//!
//! Knows kinds, paths and permissions; `egress-core` makes facts of the objects, as of those of files. A kind that the server
//! does not have counts as read and empty. A kind that the user may not list in all namespaces is a gap: a partial list
//! would mislead.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::{Gap, Input};
use egress_core::kubernetes::Pod;
use egress_core::objects;
use egress_core::related_resources::{RelatedResources, SecretFacts};
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_core::tree::Tree;
use egress_core::unreadable::Unreadable;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::Collection;

pub mod beyond;
mod for_simulation;
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

/// All objects of some kinds, or why they may not be read.
type Listed<T> = Result<T, Unreadable>;

/// Kinds of one group of which all count, or none.
struct Group {
    input: Input,
    name: &'static str,
    version: &'static str,
    /// Plural and kind.
    kinds: &'static [(&'static str, &'static str)],
}

/// The kinds that every server has in this version.
const GROUPS: [Group; 8] = [
    Group {
        // Istio has this kind in this version only.
        input: Input::EnvoyFilters,
        name: "networking.istio.io",
        version: "v1alpha3",
        kinds: &[("envoyfilters", "EnvoyFilter")],
    },
    Group {
        input: Input::NetworkPolicies,
        name: "networking.k8s.io",
        version: "v1",
        kinds: &[("networkpolicies", "NetworkPolicy")],
    },
    Group {
        input: Input::Workloads,
        name: "apps",
        version: "v1",
        kinds: &[("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet")],
    },
    Group {
        input: Input::Budgets,
        name: "policy",
        version: "v1",
        kinds: &[("poddisruptionbudgets", "PodDisruptionBudget")],
    },
    Group {
        input: Input::Budgets,
        name: "autoscaling",
        version: "v2",
        kinds: &[("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
    },
    Group {
        input: Input::Webhooks,
        name: "admissionregistration.k8s.io",
        version: "v1",
        kinds: &[("validatingwebhookconfigurations", "ValidatingWebhookConfiguration")],
    },
    Group {
        input: Input::Webhooks,
        name: "admissionregistration.k8s.io",
        version: "v1",
        kinds: &[("mutatingwebhookconfigurations", "MutatingWebhookConfiguration")],
    },
    Group {
        input: Input::EndpointSlices,
        name: "discovery.k8s.io",
        version: "v1",
        kinds: &[("endpointslices", "EndpointSlice")],
    },
];

/// Plural and kind of what says who may read what.
const ACCESS: [(&str, &str); 4] = [
    ("roles", "Role"),
    ("clusterroles", "ClusterRole"),
    ("rolebindings", "RoleBinding"),
    ("clusterrolebindings", "ClusterRoleBinding"),
];

/// A kind that servers have in several versions: what it is read for, its plural and its name.
type Versioned = (Input, &'static str, &'static str);

const SECURITY: [Versioned; 2] = [
    (Input::AuthorizationPolicies, "authorizationpolicies", "AuthorizationPolicy"),
    (Input::PeerAuthentications, "peerauthentications", "PeerAuthentication"),
];
const OUTSIDE: [Versioned; 1] = [(Input::WorkloadEntries, "workloadentries", "WorkloadEntry")];

impl Cluster {
    /// Reads the objects that matter to egresses, except Secrets: the other objects say which Secrets matter.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn related_resources(&self) -> Result<RelatedReading, ClusterError> {
        let rows = GROUPS.iter().map(|row| async {
            let kinds = row.kinds.iter().map(|(plural, kind)| (row.version.to_owned(), *plural, *kind));
            Ok::<_, ClusterError>((row.input, self.all_of(row.input, row.name, kinds).await?))
        });
        let (security, outside, gateway_api, rows) = tokio::try_join!(
            Box::pin(self.in_best_version("security.istio.io", &SECURITY)),
            Box::pin(self.in_best_version("networking.istio.io", &OUTSIDE)),
            self.gateway_api(),
            try_join_all(rows)
        )?;
        let mut related = RelatedReading::default();
        let gateway_api = [(Input::GatewayApi, gateway_api)];
        for (input, listed) in security.into_iter().chain(outside).chain(gateway_api).chain(rows) {
            related.keep(input, listed, RelatedResources::append);
        }
        Ok(related)
    }

    /// Which of these Secrets exist, by namespace and name. Never reads their content.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn secrets(
        &self,
        wanted: &BTreeSet<(String, String)>,
    ) -> Result<Listed<Vec<SecretFacts>>, ClusterError> {
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

    /// Roles, ClusterRoles and what binds them: who may read Secrets. Only a mesh whose gateways use Secrets needs them.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn access_roles(&self) -> Result<Listed<RelatedResources>, ClusterError> {
        let kinds = ACCESS.iter().map(|(plural, kind)| ("v1".to_owned(), *plural, *kind));
        self.all_of(Input::AccessRoles, "rbac.authorization.k8s.io", kinds).await
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
            let istiods = snapshot.pods.iter().filter(|pod| objects::is_istiod(pod));
            return Ok(Ok(istiods.cloned().collect()));
        }
        let (pods, root) = (Collection::core(Input::ControlPlane, "pods"), &snapshot.mesh.root_namespace);
        let listed = self.list::<Pod>(&pods, Some(root), Some(objects::ISTIOD_LABEL)).await;
        let pods = match listed {
            Err(ClusterError::Forbidden(why)) => Err(pods.unreadable(why).in_namespace(root)),
            listed => Ok(listed?),
        };
        Ok(pods.map(|pods| pods.iter().map(objects::pod).collect()))
    }

    /// Kinds of a group, in the server's best version.
    async fn in_best_version(
        &self,
        group: &str,
        kinds: &[Versioned],
    ) -> Result<Vec<(Input, Listed<RelatedResources>)>, ClusterError> {
        let Some(version) = self.versions(group).await?.into_iter().next() else { return Ok(Vec::new()) };
        let rows = kinds.iter().map(|(input, plural, kind)| {
            let kinds = std::iter::once((version.clone(), *plural, *kind));
            async { Ok((*input, self.all_of(*input, group, kinds).await?)) }
        });
        try_join_all(rows).await
    }

    /// Every object of some kinds of a group, each in its version, in all namespaces.
    async fn all_of(
        &self,
        input: Input,
        group: &str,
        kinds: impl Iterator<Item = (String, &'static str, &'static str)>,
    ) -> Result<Listed<RelatedResources>, ClusterError> {
        let read = kinds.map(|(version, plural, kind)| async move {
            let collection = Collection::of_group(input, group, &version, plural);
            let api_version = format!("{group}/{version}");
            let add = |all: &mut RelatedResources, object: &Tree<'_>| {
                all.read(&api_version, kind, object).map(drop)
            };
            match self.collect(&collection, None, None, add).await {
                Err(ClusterError::Forbidden(why)) => {
                    Ok(Err(collection.unreadable(why).outside(BTreeSet::new())))
                }
                Err(error) if error.is_not_found() => Ok(Ok(RelatedResources::default())),
                listed => listed.map(Ok),
            }
        });
        let read: Result<Vec<RelatedResources>, Unreadable> = try_join_all(read).await?.into_iter().collect();
        Ok(read.map(|each| {
            each.into_iter().fold(RelatedResources::default(), |mut all, one| {
                all.append(one);
                all
            })
        }))
    }
}

impl RelatedReading {
    /// Adds the pods of istiod.
    pub fn add_istiod(&mut self, pods: Result<Vec<PodFacts>, Unreadable>) {
        self.keep(Input::ControlPlane, pods, |facts, found| facts.istiod = found);
    }

    /// Adds Roles and what binds them.
    pub fn add_access_roles(&mut self, roles: Result<RelatedResources, Unreadable>) {
        self.keep(Input::AccessRoles, roles, RelatedResources::append);
    }

    /// Adds the Secrets.
    pub fn add_secrets(&mut self, secrets: Result<Vec<SecretFacts>, Unreadable>) {
        self.keep(Input::Secrets, secrets, |facts, found| facts.secrets = found);
    }

    fn keep<T>(&mut self, input: Input, listed: Listed<T>, take: impl FnOnce(&mut RelatedResources, T)) {
        match listed {
            Ok(found) => take(&mut self.facts, found),
            Err(unreadable) => {
                self.gaps.insert(input, Gap::Unreadable(unreadable.why.clone()));
                self.unreadable.push(unreadable);
            }
        }
    }
}

#[cfg(test)]
mod tests;

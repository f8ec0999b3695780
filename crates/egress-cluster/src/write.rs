//! Writes one object: never overwrites another manager's fields or an unseen change.
//!
//! Knows how to guard a write. The plan decides what to write, and when.

use std::collections::BTreeSet;

use egress_core::kind::Kind;
use egress_core::plan::Action;
use egress_core::resource::Resource;
use egress_core::tree::Tree;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kube::api::{DeleteParams, GetParams, Patch, PatchParams, Preconditions, ValidationDirective};
use kube::core::Request;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::{ClusterError, ConflictCause, from_write, one_line};
use crate::list::Collection;

/// A version that no object has: etcd counts from 2. An apply with it succeeds only if the object does not exist.
const ABSENT: &str = "1";

/// Lists in flight.
const AT_ONCE: usize = 8;

/// How often to retry one write while others write the object's status.
const TRIES: u32 = 8;

/// How objects are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The version of `networking.istio.io` that the server has. Other groups are written in a version of their own.
    pub istio_version: String,
    /// The server checks the write, but does not store it: `--dry-run=server`.
    pub dry_run: bool,
    /// Take over fields that other managers own.
    pub force_conflicts: bool,
    /// The field manager of the written fields.
    pub field_manager: String,
}

impl Cluster {
    /// Executes one step of a plan: server-side apply of `object`, or its deletion. Returns the stored object; `None`
    /// after a deletion, even if the object was already gone.
    ///
    /// # Errors
    /// [`ClusterError::Stale`] if the object differs from the one that the plan saw, [`ClusterError::Conflict`] if
    /// others own its fields, [`ClusterError::Rejected`] if the server or a webhook does not accept it.
    pub async fn write(
        &self,
        object: &Resource,
        action: &Action,
        options: &WriteOptions,
    ) -> Result<Option<Resource>, ClusterError> {
        match action {
            Action::Create => match self.apply(object, Some(ABSENT), options).await {
                Err(ClusterError::Stale { object, .. }) => {
                    let message = "someone else has created it meanwhile".to_owned();
                    Err(ClusterError::Stale { object, message })
                }
                stored => stored.map(Some),
            },
            Action::Update(found) | Action::Narrow(found) => {
                let force = options.force_conflicts || matches!(action, Action::Narrow(_));
                let options = &WriteOptions { force_conflicts: force, ..options.clone() };
                let stored = self
                    .over(found, options, async |version: Option<String>| {
                        self.apply(object, version.as_deref(), options).await
                    })
                    .await?;
                if object.is_fulfilled_by(&stored) {
                    return Ok(Some(stored));
                }
                let taken_out = async |version: Option<String>| {
                    self.take_out(object, &stored, version.as_deref(), options).await
                };
                self.over(&stored, options, taken_out).await.map(Some)
            }
            Action::Delete => self.delete(object, options).await.map(|()| None),
        }
    }

    /// The objects of these kinds in these namespaces, as they are stored now, each kind in one list.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without permission to list one of them, and every other failure.
    pub async fn stored(
        &self,
        of: &BTreeSet<(Kind, &str)>,
        istio_version: &str,
    ) -> Result<Vec<Resource>, ClusterError> {
        let lists = of.iter().map(async |(kind, namespace)| {
            let collection = Collection::of_kind(*kind, istio_version);
            let read = |object: &Tree<'_>| Ok(Resource::of_kind(*kind, object).ok());
            self.list_as(&collection, Some(namespace), None, read).await
        });
        let lists: Vec<Vec<Option<Resource>>> = stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
        Ok(lists.into_iter().flatten().flatten().collect())
    }

    /// Overwrites an object that has not changed since it was read. Its resource version is not enough: it also changes
    /// when istiod writes the status. If only the status changed, retry with the newest version.
    async fn over(
        &self,
        found: &Resource,
        options: &WriteOptions,
        write: impl AsyncFn(Option<String>) -> Result<Resource, ClusterError>,
    ) -> Result<Resource, ClusterError> {
        let version = |object: &Resource| object.live.as_ref().map(|live| live.resource_version.clone());
        let mut newest = version(found);
        for _ in 1..TRIES {
            let stale = match write(newest).await {
                Err(stale @ ClusterError::Stale { .. }) => stale,
                written => return written,
            };
            match self.again(found, options).await {
                Some(now) if found.differs_in_status_only(&now) => newest = version(&now),
                _ => return Err(stale),
            }
        }
        write(newest).await
    }

    /// The object as it is now; `None` if it cannot be read.
    async fn again(&self, found: &Resource, options: &WriteOptions) -> Option<Resource> {
        let request = request(found, options).get(&found.id.name, &GetParams::default()).ok()?;
        let now: Value = self.ask(self.client.request(request)).await.ok()?;
        Resource::from_json(&now).ok()
    }

    async fn apply(
        &self,
        wanted: &Resource,
        version: Option<&str>,
        options: &WriteOptions,
    ) -> Result<Resource, ClusterError> {
        let unexpected =
            |error: &str| ClusterError::Unexpected(format!("{}: {}", wanted.id, one_line(error)));
        let mut manifest =
            wanted.to_json(&options.istio_version).map_err(|error| unexpected(&error.to_string()))?;
        if let Some(version) = version {
            manifest["metadata"]["resourceVersion"] = json!(version);
        }
        let parameters = PatchParams {
            dry_run: options.dry_run,
            force: options.force_conflicts,
            field_manager: Some(options.field_manager.clone()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let request = request(wanted, options)
            .patch(&wanted.id.name, &parameters, &Patch::Apply(&manifest))
            .map_err(kube::Error::BuildRequest);
        let stored: Value = self.written(wanted, async { self.client.request(request?).await }).await?;
        Resource::from_json(&stored).map_err(|error| unexpected(&error.to_string()))
    }

    /// Server-side apply keeps what other managers added, such as another port. Remove it only with force.
    async fn take_out(
        &self,
        wanted: &Resource,
        stored: &Resource,
        version: Option<&str>,
        options: &WriteOptions,
    ) -> Result<Resource, ClusterError> {
        if !options.force_conflicts {
            let live = stored.live.as_ref();
            let managers = live.map(|live| live.foreign_managers.clone()).unwrap_or_default();
            let cause = |manager| ConflictCause { manager, field: ".spec".to_owned() };
            let causes = managers.into_iter().map(cause).collect();
            return Err(ClusterError::Conflict { object: wanted.id.clone(), causes });
        }
        let unexpected = |error: &dyn std::fmt::Display| {
            ClusterError::Unexpected(format!("{}: {}", wanted.id, one_line(&error.to_string())))
        };
        let spec = |resource: &Resource| {
            let manifest = resource.to_json(&options.istio_version).map_err(|error| unexpected(&error))?;
            Ok(manifest["spec"].clone())
        };
        let patch = json!({
            "metadata": {"resourceVersion": version},
            "spec": only(&spec(wanted)?, &spec(stored)?),
        });
        let parameters = PatchParams {
            dry_run: options.dry_run,
            force: false,
            field_manager: Some(options.field_manager.clone()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let request = request(wanted, options)
            .patch(&wanted.id.name, &parameters, &Patch::Merge(&patch))
            .map_err(kube::Error::BuildRequest);
        let stored: Value = self.written(wanted, async { self.client.request(request?).await }).await?;
        Resource::from_json(&stored).map_err(|error| unexpected(&error))
    }

    async fn delete(&self, found: &Resource, options: &WriteOptions) -> Result<(), ClusterError> {
        let uid = found.live.as_ref().map(|live| live.uid.clone());
        let parameters = DeleteParams {
            dry_run: options.dry_run,
            preconditions: Some(Preconditions { uid, resource_version: None }),
            ..DeleteParams::default()
        };
        let request =
            request(found, options).delete(&found.id.name, &parameters).map_err(kube::Error::BuildRequest);
        let deleted = self.written(found, async { self.client.request::<Value>(request?).await }).await;
        match deleted {
            Err(ClusterError::Server { reason, .. }) if reason == "NotFound" => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    async fn written<T>(
        &self,
        object: &Resource,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ClusterError> {
        self.limited(async { request.await.map_err(|error| from_write(self.server(), &object.id, &error)) })
            .await
    }
}

/// The merge patch that leaves only the wanted fields: all others become null. Lists are replaced as a whole.
fn only(wanted: &Value, found: &Value) -> Value {
    let (Value::Object(wanted), Value::Object(found)) = (wanted, found) else { return wanted.clone() };
    let gone = found.keys().filter(|key| !wanted.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let kept = wanted.iter().map(|(key, value)| {
        (key.clone(), found.get(key).map_or_else(|| value.clone(), |found| only(value, found)))
    });
    Value::Object(gone.chain(kept).collect())
}

fn request(object: &Resource, options: &WriteOptions) -> Request {
    let collection = Collection::of_kind(object.id.kind, &options.istio_version);
    Request::new(collection.path(Some(&object.id.namespace)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_added_becomes_null_and_lists_are_replaced() {
        let wanted = json!({"hosts": ["a"], "tls": {"mode": "SIMPLE"}, "ports": [{"number": 80}]});
        let found = json!({"hosts": ["a", "b"], "tls": {"mode": "SIMPLE", "sni": "x"}, "location": "y"});
        let patch = json!({"hosts": ["a"], "tls": {"mode": "SIMPLE", "sni": null}, "ports": [{"number": 80}], "location": null});
        assert_eq!(only(&wanted, &found), patch);
    }
}

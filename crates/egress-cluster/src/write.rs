//! Writing one object: never over someone else's fields, never over a change that was not seen.
//!
//! Knows how a write is guarded. What is written, and when, is decided by the plan.

use egress_core::plan::Action;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions, ValidationDirective};
use kube::core::Request;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::{ClusterError, from_write, one_line};
use crate::list::Collection;

/// A version no object ever has: etcd counts from 2. An apply that carries it succeeds only where nothing exists.
const ABSENT: &str = "1";

/// How objects are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The version of `networking.istio.io` to speak.
    pub api_version: String,
    /// Everything but the storing: `--dry-run=server`.
    pub dry_run: bool,
    /// Take over fields that other managers own.
    pub force_conflicts: bool,
    /// Who owns the fields written.
    pub field_manager: String,
}

impl Cluster {
    /// Takes one step of a plan: server-side apply of `object`, or its deletion. What the server stored; `None` after a
    /// deletion, also of an object that was gone already.
    ///
    /// # Errors
    /// [`ClusterError::Moved`] when the object is not as the plan found it, [`ClusterError::Conflict`] when others own
    /// fields of it, [`ClusterError::Rejected`] when the server or a webhook does not accept it.
    pub async fn write(
        &self,
        object: &Resource,
        action: &Action,
        options: &WriteOptions,
    ) -> Result<Option<Resource>, ClusterError> {
        match action {
            Action::Create => match self.apply(object, Some(ABSENT), options).await {
                Err(ClusterError::Moved { object, .. }) => {
                    let message = "someone else has created it meanwhile".to_owned();
                    Err(ClusterError::Moved { object, message })
                }
                stored => stored.map(Some),
            },
            Action::Update(found) => {
                let version = found.live.as_ref().map(|live| live.resource_version.as_str());
                self.apply(object, version, options).await.map(Some)
            }
            Action::Delete => self.delete(object, options).await.map(|()| None),
        }
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
            wanted.to_json(&options.api_version).map_err(|error| unexpected(&error.to_string()))?;
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
        Resource::from_json(stored).map_err(|error| unexpected(&error.to_string()))
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

fn request(object: &Resource, options: &WriteOptions) -> Request {
    let collection = Collection::of_group(Kind::GROUP, &options.api_version, object.id.kind.plural());
    Request::new(collection.path(Some(&object.id.namespace)))
}

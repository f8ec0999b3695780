//! A connection to one cluster.
//!
//! Knows the server, the timeout of every request and the translation of errors. The requests are in the other modules.

use std::fmt;
use std::time::Duration;

use kube::Client;

use crate::config::{ConnectOptions, resolve};
use crate::error::{ClusterError, from_kube, one_line};
use crate::{identity, transport};

/// A connection to one cluster. Cheap to clone; nothing is sent before the first request.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    server: String,
    identity: String,
    default_namespace: String,
    limit: Option<Duration>,
}

impl Cluster {
    /// Prepares a connection. Credential plugins of the kubeconfig run here, outside the runtime: they may prompt the
    /// user, who may press Ctrl-C. Does not contact the server yet.
    ///
    /// # Errors
    /// [`ClusterError::Kubeconfig`] for a kubeconfig or flag that cannot be used, [`ClusterError::Unauthorized`] for a
    /// credential plugin that fails.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ClusterError> {
        let options = options.clone();
        let prepared = tokio::task::spawn_blocking(move || Self::prepare(&options)).await;
        prepared.unwrap_or_else(|error| Err(ClusterError::Unexpected(one_line(&error.to_string()))))
    }

    fn prepare(options: &ConnectOptions) -> Result<Self, ClusterError> {
        let config = resolve(options)?;
        let server = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        let identity = identity::of(&config);
        let default_namespace = config.default_namespace.clone();
        let client = transport::client(config).map_err(|error| unusable(&server, &error))?;
        Ok(Cluster { client, server, identity, default_namespace, limit: options.request_timeout })
    }

    /// The namespace of the context.
    pub fn default_namespace(&self) -> &str {
        &self.default_namespace
    }

    /// The server's address, such as `127.0.0.1:6443`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// An identifier of the cluster, such as `ca-sha256:…`: the same for every context name and address.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Waits for one request, no longer than `--request-timeout`.
    pub(crate) async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ClusterError> {
        self.limited(async { request.await.map_err(|error| from_kube(&self.server, &error)) }).await
    }

    /// Waits for a future that sends one request, no longer than `--request-timeout`.
    pub(crate) async fn limited<T>(
        &self,
        request: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        // On the heap: a request's future has kilobytes, and a command joins many.
        let request = Box::pin(request);
        let Some(limit) = self.limit else { return request.await };
        let late = || ClusterError::Timeout { server: self.server.clone(), limit };
        tokio::time::timeout(limit, request).await.unwrap_or_else(|_| Err(late()))
    }
}

#[cfg(test)]
impl Cluster {
    /// A connection to a fake server: a function from path and query to status and body.
    pub(crate) fn fake(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let service = tower::service_fn(move |request: hyper::Request<kube::client::Body>| {
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let (status, body) = answer(&path);
            let body = kube::client::Body::from(body.into_bytes());
            futures::future::ready(hyper::Response::builder().status(status).body(body))
        });
        Cluster {
            client: Client::new(service, "default"),
            server: "fake".to_owned(),
            identity: "fake".to_owned(),
            default_namespace: "default".to_owned(),
            limit: None,
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Before the first request, every failure comes from the configuration or a credential plugin.
fn unusable(server: &str, error: &kube::Error) -> ClusterError {
    match from_kube(server, error) {
        ClusterError::Unreachable { problem, .. } => ClusterError::Kubeconfig(problem),
        other => other,
    }
}

//! One kept connection to an HTTP port on a pod's loopback: the admin port of an Envoy, the debug port of istiod.
//!
//! Knows only the transport. Dropping it ends its task and its connection.

use egress_core::snapshot::PodFacts;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{DATE, HOST, HeaderMap};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// Where Istio's proxies serve Envoy's admin pages, on loopback only.
const ADMIN_PORT: u16 = 15000;

/// A connection to such a port of one pod.
pub(crate) struct AdminConnection {
    /// The pod, for errors.
    name: String,
    sender: SendRequest<Empty<Bytes>>,
    /// The node's error message, once the port-forward fails.
    failure: Option<BoxFuture<'static, Option<String>>>,
    /// Drives HTTP over the forwarded stream; ends with the connection.
    _driver: JoinSet<()>,
    _forwarder: Forwarder,
}

/// A port-forward that ends on drop: the library's own lives on until the pod closes it.
struct Forwarder(Portforwarder);

impl AdminConnection {
    /// Connects to a pod's Envoy.
    pub(crate) async fn open(cluster: &Cluster, pod: &PodFacts) -> Result<Self, ClusterError> {
        Self::open_port(cluster, pod, ADMIN_PORT, "proxy").await
    }

    /// Connects to a port of a pod. `what` names the server in errors.
    pub(crate) async fn open_port(
        cluster: &Cluster,
        pod: &PodFacts,
        port: u16,
        what: &str,
    ) -> Result<Self, ClusterError> {
        let name = format!("{what} of pod {}/{}", pod.namespace, pod.name);
        let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &pod.namespace);
        let mut forwarder = Forwarder(cluster.ask(pods.portforward(&pod.name, &[port])).await?);
        let failure = forwarder.0.take_error(port).map(FutureExt::boxed);
        let stream = forwarder.0.take_stream(port).ok_or_else(|| broken(&name, "no stream"))?;
        let connected = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connected.map_err(|error| broken(&name, &error.to_string()))?;
        let mut driver = JoinSet::new();
        driver.spawn(connection.unwrap_or_else(|error| tracing::debug!(%error, "admin connection ended")));
        Ok(AdminConnection { name, sender, failure, _driver: driver, _forwarder: forwarder })
    }

    /// Reads one page.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes, ClusterError> {
        self.get_dated(path).await.map(|(page, _)| page)
    }

    /// Reads one page, and the pod's time: expiry depends on the pod's clock.
    pub(crate) async fn get_dated(&mut self, path: &str) -> Result<(Bytes, Option<Timestamp>), ClusterError> {
        tracing::debug!(of = self.name, path, "reading a pod's proxy");
        match self.request(path).await {
            Ok((StatusCode::OK, headers, body)) => Ok((body, date(&headers))),
            Ok((status, ..)) => Err(broken(&self.name, &format!("{path} answered {status}"))),
            Err(problem) => {
                // The node's message, such as «connection refused», is more precise than a closed stream.
                let told = self.failure.take().and_then(|failure| failure.now_or_never().flatten());
                Err(broken(&self.name, &told.unwrap_or(problem)))
            }
        }
    }

    async fn request(&mut self, path: &str) -> Result<(StatusCode, HeaderMap, Bytes), String> {
        let request = Request::get(path).header(HOST, "localhost").body(Empty::new());
        let request = request.map_err(|error| error.to_string())?;
        self.sender.ready().await.map_err(|error| error.to_string())?;
        let response = self.sender.send_request(request).await.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok((head.status, head.headers, body.to_bytes()))
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The time of a response, by the server's clock.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(headers.get(DATE)?.as_bytes()).ok()
}

/// The error for a failed reading of a pod.
pub(crate) fn broken(name: &str, problem: &str) -> ClusterError {
    ClusterError::Unexpected(format!("{name}: {}", one_line(problem)))
}

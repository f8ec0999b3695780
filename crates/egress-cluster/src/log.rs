//! The last lines of the log of a pod's proxy.
//!
//! Knows how much to read, not what the lines mean.

use std::time::Duration;

use egress_core::snapshot::PodFacts;
use futures::AsyncReadExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// The container of Istio's proxy, in sidecars and in gateways.
const PROXY: &str = "istio-proxy";
/// The lines to read. A limit by time would need synchronised clocks.
const LINES: i64 = 5_000;
/// The most bytes to read.
const MOST: u64 = 16 * 1024 * 1024;

impl Cluster {
    /// The last lines in the log of a pod's proxy.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without the permission `get pods/log`; [`ClusterError::Unexpected`] after the
    /// timeout.
    pub async fn proxy_log(&self, pod: &PodFacts, limit: Duration) -> Result<Vec<String>, ClusterError> {
        let name = format!("log of pod {}/{}", pod.namespace, pod.name);
        let broken = |problem: &str| ClusterError::Unexpected(format!("{name}: {}", one_line(problem)));
        let read = async {
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace);
            let params = LogParams {
                container: Some(PROXY.to_owned()),
                tail_lines: Some(LINES),
                ..LogParams::default()
            };
            let stream = self.ask(pods.log_stream(&pod.name, &params)).await?;
            let mut bytes = Vec::new();
            futures::pin_mut!(stream);
            let read = stream.take(MOST).read_to_end(&mut bytes).await;
            read.map_err(|error| broken(&error.to_string()))?;
            Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
        };
        let late = || broken(&format!("no answer within {limit:?}"));
        tokio::time::timeout(limit, read).await.unwrap_or_else(|_| Err(late()))
    }
}

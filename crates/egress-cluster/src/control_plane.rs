//! Asks istiod which configuration its proxies accepted, as `istioctl` does: reads its debug pages through the API
//! server's port-forward. They need no credentials from the pod's own loopback.
//!
//! Knows where the pages are. `egress-core` interprets the answers.

use std::time::Duration;

use egress_core::related_resources::{SyncFacts, sync};
use egress_core::snapshot::PodFacts;
use futures::future::try_join_all;

use crate::cluster::Cluster;
use crate::envoy::AdminConnection;
use crate::error::{ClusterError, one_line};

/// istiod's port for metrics and debug pages: `istiodMonitoringPort` in `pkg/kube/client.go`.
const MONITORING_PORT: u16 = 15014;

impl Cluster {
    /// What each of these istiod pods reports about its connected proxies. A proxy is connected to one pod only.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without permission to port-forward; [`ClusterError::Unexpected`] if a pod does not
    /// answer in time.
    pub async fn sync(&self, istiod: &[PodFacts], limit: Duration) -> Result<Vec<SyncFacts>, ClusterError> {
        let asked = try_join_all(istiod.iter().filter(|pod| pod.ready).map(|pod| self.sync_of(pod)));
        let late = || Err(ClusterError::Unexpected(format!("istiod: no answer within {limit:?}")));
        let told = tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| late());
        let told = told.inspect_err(|error| tracing::debug!(%error, "istiod does not list its proxies"))?;
        Ok(told.into_iter().flatten().collect())
    }

    async fn sync_of(&self, pod: &PodFacts) -> Result<Vec<SyncFacts>, ClusterError> {
        let mut debug = AdminConnection::open_port(self, pod, MONITORING_PORT, "istiod").await?;
        let text = debug.get("/debug/syncz").await?;
        sync(&text)
            .map_err(|error| ClusterError::Unexpected(format!("istiod: {}", one_line(&error.to_string()))))
    }
}

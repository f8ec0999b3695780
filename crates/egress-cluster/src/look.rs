//! Looking into an Envoy: its admin port, through the API server's port-forward.
//!
//! Knows which of Envoy's pages answer which question. What the answer proves is decided in `egress-core`.

use std::time::Duration;

use egress_core::port::Protocol;
use egress_core::proof::{Demand, Expectation};
use egress_core::proxy::{ProxyView, dump};
use egress_core::snapshot::PodFacts;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

mod admin;

pub(crate) use admin::AdminConnection;

/// Which parts of an Envoy are read: each costs time in proportion to the size of the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Route tables: HTTP.
    pub routes: bool,
    /// Listeners: TLS.
    pub listeners: bool,
    /// Clusters and their endpoints.
    pub clusters: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Parts = Parts { routes: true, listeners: true, clusters: true };

    /// What is needed to check an expectation.
    pub fn of(expectation: &Expectation) -> Self {
        let speaks = |wanted: Protocol| {
            expectation.demands.iter().any(|demand| match demand {
                Demand::Leads { port, .. } => port.protocol == wanted,
                Demand::Gone { protocol, .. } => *protocol == wanted,
                Demand::Reaches { .. } => false,
            })
        };
        Parts {
            routes: speaks(Protocol::Http),
            listeners: speaks(Protocol::Tls),
            clusters: expectation.demands.iter().any(|demand| matches!(demand, Demand::Reaches { .. })),
        }
    }
}

impl Cluster {
    /// Looks into a pod's Envoy once.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without the right to port-forward; [`ClusterError::Timeout`] when Envoy does not
    /// answer in time: it may hang.
    pub async fn look(
        &self,
        pod: &PodFacts,
        parts: Parts,
        limit: Duration,
    ) -> Result<ProxyView, ClusterError> {
        let look = async {
            let mut admin = AdminConnection::open(self, pod).await?;
            view(&mut admin, parts).await
        };
        let server = format!("{}/{}", pod.namespace, pod.name);
        tokio::time::timeout(limit, look).await.unwrap_or_else(|_| {
            Err(ClusterError::Unexpected(format!("the proxy of {server} did not answer within {limit:?}")))
        })
    }
}

/// One look over a connection that is kept.
pub(crate) async fn view(admin: &mut AdminConnection, parts: Parts) -> Result<ProxyView, ClusterError> {
    let mut view = ProxyView::default();
    if parts.routes {
        let text = admin.get("/config_dump?resource=dynamic_route_configs").await?;
        view.virtual_hosts = dump::route_configs(&text).map_err(|error| not_understood(&error))?;
    }
    if parts.listeners {
        let text = admin.get("/config_dump?resource=dynamic_listeners").await?;
        view.chains = dump::listeners(&text).map_err(|error| not_understood(&error))?;
    }
    if parts.clusters {
        let text = admin.get("/clusters?format=json").await?;
        view.clusters = dump::clusters(&text).map_err(|error| not_understood(&error))?;
    }
    Ok(view)
}

fn not_understood(error: &dump::DumpError) -> ClusterError {
    ClusterError::Unexpected(one_line(&error.to_string()))
}

//! Reads an Envoy's admin port through the API server's port-forward.
//!
//! Builds one view from Envoy's pages. `egress-core` decides what the view proves.

use std::time::Duration;

use egress_core::host::DnsName;
use egress_core::proxy::certificates::certificates;
use egress_core::proxy::{ProxyView, dump};
use egress_core::snapshot::PodFacts;

use crate::access::Right;
use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

mod admin;
mod pages;

pub(crate) use admin::AdminConnection;
pub(crate) use pages::Pages;

/// The permissions to read the proxies of a namespace. Port-forward by WebSocket is a `get`; since Kubernetes 1.35 the
/// server requires `create`, too.
pub fn rights(namespace: &str) -> [Right; 2] {
    ["get", "create"].map(|verb| Right {
        verb,
        group: "",
        resource: "pods",
        subresource: "portforward",
        namespace: Some(namespace.to_owned()),
        name: None,
    })
}

impl Cluster {
    /// Reads a pod's Envoy once: everything, or only what concerns the named hosts.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without permission to port-forward; [`ClusterError::Unexpected`] if Envoy does not
    /// answer in time: it may hang.
    pub async fn read_envoy(
        &self,
        pod: &PodFacts,
        hosts: &[DnsName],
        limit: Duration,
    ) -> Result<ProxyView, ClusterError> {
        let read = async {
            let mut admin = AdminConnection::open(self, pod).await?;
            let mut view = view(&mut admin, &Pages::routes()).await?;
            let wanted = (!hosts.is_empty()).then(|| view.destinations(hosts));
            let works = pages::clusters(wanted.as_ref(), hosts);
            let configured = pages::configured(wanted.as_ref(), hosts);
            let text = admin.get(&works).await?;
            view.clusters = dump::clusters(&text).map_err(|error| not_understood(&error))?;
            let text = admin.get(&configured).await?;
            view.configured = dump::configured(&text).map_err(|error| not_understood(&error))?;
            let text = admin.get(pages::MISSING_SECRETS).await?;
            view.missing_secrets = dump::missing_secrets(&text).map_err(|error| not_understood(&error))?;
            view.count(&admin.get(&pages::statistics()).await?);
            let (text, now) = admin.get_dated(pages::CERTIFICATES).await?;
            // If one page cannot be parsed, still read the others; the check says that this data is missing.
            view.certificates = now.and_then(|now| certificates(&text, now).ok());
            Ok(view)
        };
        let name = || format!("proxy of pod {}/{}", pod.namespace, pod.name);
        tokio::time::timeout(limit, read)
            .await
            .unwrap_or_else(|_| Err(admin::broken(&name(), &format!("no answer within {limit:?}"))))
    }
}

/// One reading over a kept connection.
pub(crate) async fn view(admin: &mut AdminConnection, pages: &Pages) -> Result<ProxyView, ClusterError> {
    let mut view = ProxyView::default();
    if let Some(page) = &pages.routes {
        let text = admin.get(page).await?;
        view.virtual_hosts = dump::route_configs(&text).map_err(|error| not_understood(&error))?;
    }
    if let Some(page) = &pages.listeners {
        let text = admin.get(page).await?;
        let found = dump::listeners(&text).map_err(|error| not_understood(&error))?;
        (view.chains, view.rejected, view.listeners) = (found.chains, found.rejected, Some(found.active));
    }
    if let Some(page) = &pages.clusters {
        let text = admin.get(page).await?;
        view.clusters = dump::clusters(&text).map_err(|error| not_understood(&error))?;
    }
    if let Some(page) = &pages.configured {
        let text = admin.get(page).await?;
        view.configured = dump::configured(&text).map_err(|error| not_understood(&error))?;
    }
    Ok(view)
}

fn not_understood(error: &dump::DumpError) -> ClusterError {
    ClusterError::Unexpected(one_line(&error.to_string()))
}

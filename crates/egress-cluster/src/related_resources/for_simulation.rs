//! Reads what a simulation of istiod needs besides the facts that every command reads: two lists, at the same time.
//!
//! Knows kinds and permissions. `egress_core::preflight` decides what the objects mean.

use egress_core::input::Input;
use egress_core::related_resources::RelatedResources;

use super::Listed;
use crate::cluster::Cluster;
use crate::error::ClusterError;

impl Cluster {
    /// The EnvoyFilters and PeerAuthentications of all namespaces; none without the permission to list both.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn for_simulation(&self) -> Result<Option<RelatedResources>, ClusterError> {
        let filters = [("v1alpha3".to_owned(), "envoyfilters", "EnvoyFilter")].into_iter();
        let filters = self.all_of(Input::EnvoyFilters, "networking.istio.io", filters);
        let (filters, authentications) = tokio::try_join!(filters, self.peer_authentications())?;
        let (Ok(mut all), Ok(authentications)) = (filters, authentications) else { return Ok(None) };
        all.append(authentications);
        Ok(Some(all))
    }

    async fn peer_authentications(&self) -> Result<Listed<RelatedResources>, ClusterError> {
        const GROUP: &str = "security.istio.io";
        let Some(version) = self.versions(GROUP).await?.into_iter().next() else {
            return Ok(Ok(RelatedResources::default()));
        };
        let kinds = [(version, "peerauthentications", "PeerAuthentication")].into_iter();
        self.all_of(Input::PeerAuthentications, GROUP, kinds).await
    }
}

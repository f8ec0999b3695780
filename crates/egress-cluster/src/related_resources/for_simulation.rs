//! Reads what a simulation of istiod needs besides the facts that every command reads: some lists, at the same time.
//!
//! Knows kinds and permissions. `egress_core::preflight` decides what the objects mean.

use egress_core::input::Input;
use egress_core::related_resources::RelatedResources;

use super::{OUTSIDE, SECURITY};
use crate::cluster::Cluster;
use crate::error::ClusterError;

impl Cluster {
    /// The EnvoyFilters and PeerAuthentications of all namespaces, none without the permission to list both; with them the
    /// AuthorizationPolicies, WorkloadEntries and objects of the Gateway API, as far as the user may list them.
    ///
    /// # Errors
    /// Every failure except missing permissions.
    pub async fn for_simulation(&self) -> Result<Option<RelatedResources>, ClusterError> {
        let filters = [("v1alpha3".to_owned(), "envoyfilters", "EnvoyFilter")].into_iter();
        let filters = self.all_of(Input::EnvoyFilters, "networking.istio.io", filters);
        let security = Box::pin(self.in_best_version("security.istio.io", &SECURITY));
        let outside = Box::pin(self.in_best_version("networking.istio.io", &OUTSIDE));
        let (filters, security, outside, gateway_api) =
            tokio::try_join!(filters, security, outside, self.gateway_api())?;
        let Ok(mut all) = filters else { return Ok(None) };
        for (input, listed) in security {
            match listed {
                Ok(found) => all.append(found),
                Err(_) if input == Input::PeerAuthentications => return Ok(None),
                // The proof in the Envoys finds what a policy refuses.
                Err(_) => {}
            }
        }
        for found in outside.into_iter().map(|(_, listed)| listed).chain([gateway_api]).flatten() {
            all.append(found);
        }
        Ok(Some(all))
    }
}

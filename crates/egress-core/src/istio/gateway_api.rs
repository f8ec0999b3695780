//! What istiod makes of objects of the Gateway API: Gateways and VirtualServices of its own, which no cluster stores.
//!
//! Follows `pilot/pkg/config/kube/gateway` (read at 1.31) and gives the objects istiod's names, so that a proxy's
//! configuration names them. Knows for each the object that it was made of. Not known: certificates
//! of listeners and of backends, and BackendTLSPolicies beside a DestinationRule: what depends on them is told to be open.

use super::features::IstiodFeatures;
use crate::related_resources::RelatedResources;
use crate::resource::Resource;
use crate::snapshot::Snapshot;

mod attach;
mod backend;
mod connections;
mod facts;
mod listeners;
mod made;
mod matches;
mod policies;
mod requests;
mod rule;
mod value;

use facts::ApiFacts;
use listeners::listeners;
pub(crate) use made::is_made_of_tls_route;
pub use made::{ApiOrigin, MadeObjects, is_made};

impl MadeObjects {
    /// Those of these facts.
    pub fn new(snapshot: &Snapshot, related: &RelatedResources) -> Self {
        MadeObjects::with(snapshot, related, snapshot.resources.iter())
    }

    /// The same with these objects of Istio in place of those of the snapshot.
    pub fn with<'a>(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        resources: impl Iterator<Item = &'a Resource>,
    ) -> Self {
        let mut made = MadeObjects::default();
        if related.gateway_api.is_empty()
            || !IstiodFeatures::of(&snapshot.mesh, &related.workloads).reads_gateway_api()
        {
            return made;
        }
        let facts = ApiFacts::new(snapshot, related, resources);
        let listeners = listeners(&facts);
        requests::add(&facts, &listeners, &mut made);
        connections::add(&facts, &listeners, &mut made);
        policies::add(&facts, &mut made);
        for listener in listeners {
            listener.add_to(&mut made);
        }
        made
    }
}

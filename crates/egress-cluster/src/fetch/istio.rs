//! Reads objects of the kinds that egresses consist of, and of those by which Istio routes.

use std::collections::BTreeSet;

use egress_core::resource::{Resource, ResourceError};
use egress_core::role::{Kind, Role};
use egress_core::unreadable::Unreadable;
use futures::future::try_join_all;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};
use crate::list::Collection;

/// The versions this tool can write, best first.
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha3"];

/// Objects of some kinds as far as they could be read.
#[derive(Debug)]
pub struct ResourceReading {
    /// The newest version of `networking.istio.io` that the server has.
    pub api_version: String,
    /// The objects.
    pub resources: Vec<Resource>,
    /// The namespaces in which every kind was read; `None`: all of them.
    pub read_in: Option<BTreeSet<String>>,
    /// What could not be read, and why.
    pub unreadable: Vec<Unreadable>,
}

impl Cluster {
    /// Every object of the kinds that any layout writes, and of those that Istio has for routes.
    pub(super) async fn istio(&self, narrow: &BTreeSet<String>) -> Result<ResourceReading, ClusterError> {
        let kinds = Role::ALL.map(Role::kind).into_iter().chain(Kind::OF_ISTIO).collect();
        self.resources(&kinds, narrow).await
    }

    /// Every object of these kinds, Istio's in the server's newest version; without cluster-wide permission, those of the
    /// namespaces in `narrow`.
    ///
    /// # Errors
    /// [`ClusterError::NoIstio`], and every failure except missing permissions.
    pub async fn resources(
        &self,
        kinds: &BTreeSet<Kind>,
        narrow: &BTreeSet<String>,
    ) -> Result<ResourceReading, ClusterError> {
        let api_version = self.served_version().await?;
        let of_each = kinds.iter().map(async |kind| {
            let collection = Collection::of_kind(*kind, &api_version);
            // An object that does not fit is a gap; the others of its page count.
            self.read_as(&collection, narrow, |object| Ok(Resource::of_kind(*kind, object))).await
        });
        let readings = try_join_all(of_each).await?;
        let mut whole =
            ResourceReading { api_version, resources: Vec::new(), read_in: None, unreadable: Vec::new() };
        for (kind, reading) in kinds.iter().zip(readings) {
            whole.read_in = common(whole.read_in, reading.covered);
            whole.unreadable.extend(reading.unreadable);
            for object in reading.items {
                match object {
                    Ok(resource) => whole.resources.push(resource),
                    Err(error) => whole.unreadable.push(not_understood(*kind, &error)),
                }
            }
        }
        Ok(whole)
    }

    async fn served_version(&self) -> Result<String, ClusterError> {
        let versions = self.versions(Kind::GROUP).await?;
        let served = |version: &&str| versions.iter().any(|served| served == version);
        VERSIONS.into_iter().find(served).map(str::to_owned).ok_or(ClusterError::NoIstio)
    }
}

/// The namespaces in both sets; `None` means all.
fn common(one: Option<BTreeSet<String>>, other: Option<BTreeSet<String>>) -> Option<BTreeSet<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect()),
        (one, other) => one.or(other),
    }
}

fn not_understood(kind: Kind, error: &ResourceError) -> Unreadable {
    let what = match error {
        ResourceError::Spec { id, .. } => id.to_string(),
        ResourceError::Missing(_) | ResourceError::Kind(_) => format!("an object of {}", kind.group()),
    };
    Unreadable::new(None, one_line(&what), one_line(&error.to_string()))
}

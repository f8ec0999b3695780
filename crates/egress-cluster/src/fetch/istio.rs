//! Reads Istio's objects, in the server's newest version.

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

/// Istio's objects as far as they could be read.
pub(super) struct IstioReading {
    pub(super) api_version: String,
    pub(super) resources: Vec<Resource>,
    /// The namespaces in which every kind was read; `None`: all of them.
    pub(super) read_in: Option<BTreeSet<String>>,
    pub(super) unreadable: Vec<Unreadable>,
}

impl Cluster {
    /// Every object of the kinds that this tool knows; without cluster-wide permission, those of `narrow`.
    pub(super) async fn istio(&self, narrow: &BTreeSet<String>) -> Result<IstioReading, ClusterError> {
        let api_version = self.served_version().await?;
        // The kinds that any layout writes, and those that Istio has for routes.
        let kinds: BTreeSet<Kind> = Role::ALL.map(Role::kind).into_iter().chain(Kind::OF_ISTIO).collect();
        let kinds: Vec<Collection> =
            kinds.into_iter().map(|kind| Collection::of_kind(kind, &api_version)).collect();
        // An object that does not fit is a gap; the others of its page count.
        let of_each =
            kinds.iter().map(|kind| self.read_as(kind, narrow, |object| Ok(Resource::from_tree(object))));
        let readings = try_join_all(of_each).await?;
        let mut whole =
            IstioReading { api_version, resources: Vec::new(), read_in: None, unreadable: Vec::new() };
        for reading in readings {
            whole.read_in = common(whole.read_in, reading.covered);
            whole.unreadable.extend(reading.unreadable);
            for object in reading.items {
                match object {
                    Ok(resource) => whole.resources.push(resource),
                    Err(error) => whole.unreadable.push(not_understood(&error)),
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

fn not_understood(error: &ResourceError) -> Unreadable {
    let what = match error {
        ResourceError::Spec { id, .. } => id.to_string(),
        ResourceError::Missing(_) | ResourceError::Kind(_) => format!("an object of {}", Kind::GROUP),
    };
    Unreadable::new(None, one_line(&what), one_line(&error.to_string()))
}

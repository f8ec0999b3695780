//! API discovery: the server's groups, their versions and kinds.
//!
//! Knows the discovery paths only.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResourceList};
use serde::de::DeserializeOwned;

use crate::cluster::Cluster;
use crate::error::ClusterError;

impl Cluster {
    /// The versions of a group, best first; none if the server does not have the group.
    pub(crate) async fn versions(&self, group: &str) -> Result<Vec<String>, ClusterError> {
        let found = self.discover::<APIGroup>(&format!("/apis/{group}")).await?;
        let versions = found.into_iter().flat_map(|group| group.versions);
        Ok(versions.map(|version| version.version).collect())
    }

    /// The plurals of the kinds of one version of a group.
    pub(crate) async fn plurals(&self, group: &str, version: &str) -> Result<Vec<String>, ClusterError> {
        let found = self.discover::<APIResourceList>(&format!("/apis/{group}/{version}")).await?;
        let resources = found.into_iter().flat_map(|list| list.resources);
        Ok(resources.map(|resource| resource.name).collect())
    }

    async fn discover<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ClusterError> {
        let request = hyper::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError);
        match self.ask(async { self.client.request(request?).await }).await {
            Err(error) if error.is_not_found() => Ok(None),
            found => found.map(Some),
        }
    }
}

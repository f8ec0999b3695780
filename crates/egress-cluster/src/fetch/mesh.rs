//! The mesh configuration, from the ConfigMap that istiod reads.

use egress_core::objects::{MESH_KEY, accepts, mesh};
use egress_core::snapshot::{MeshFacts, Unreadable};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// What the ConfigMap says, or why it could not be read. The API version is not in it.
pub(super) struct MeshReading {
    pub(super) facts: MeshFacts,
    pub(super) unreadable: Vec<Unreadable>,
}

impl Cluster {
    /// Reads `istio` in the namespace where Istio installs itself, or what an installation with a revision calls
    /// `istio-REVISION`, if there is one alone.
    pub(super) async fn mesh(&self) -> Result<MeshReading, ClusterError> {
        let namespace = MeshFacts::default().root_namespace;
        let config_maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &namespace);
        let found = match self.ask(config_maps.get_opt("istio")).await {
            Err(ClusterError::Forbidden(why)) => return Ok(unread(&namespace, why)),
            Ok(None) => self.revisioned(&config_maps).await?,
            found => found?,
        };
        let accepts = found.as_ref().and_then(|map| accepts(&map.metadata));
        Ok(match found.and_then(|map| map.data?.remove(MESH_KEY)) {
            None => unread(&namespace, format!("not found, or without the key \"{MESH_KEY}\"")),
            Some(text) => match mesh(&text) {
                Ok(facts) => MeshReading { facts: MeshFacts { accepts, ..facts }, unreadable: Vec::new() },
                Err(error) => unread(&namespace, one_line(&error.to_string())),
            },
        })
    }

    async fn revisioned(&self, config_maps: &Api<ConfigMap>) -> Result<Option<ConfigMap>, ClusterError> {
        let all = match self.ask(config_maps.list(&ListParams::default())).await {
            Err(error) if error.is_forbidden() => return Ok(None),
            all => all?.items,
        };
        let is_mesh = |map: &ConfigMap| {
            let named = map.metadata.name.as_deref().is_some_and(|name| name.starts_with("istio-"));
            named && map.data.as_ref().is_some_and(|data| data.contains_key(MESH_KEY))
        };
        let mut found: Vec<ConfigMap> = all.into_iter().filter(is_mesh).collect();
        // Several revisions may disagree, and which one a sidecar follows is not in these facts.
        Ok(if found.len() == 1 { found.pop() } else { None })
    }
}

fn unread(namespace: &str, why: String) -> MeshReading {
    let what = format!("configmap/istio in namespace {namespace}");
    MeshReading { facts: MeshFacts::default(), unreadable: vec![Unreadable { what, why }] }
}

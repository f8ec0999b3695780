//! The mesh configuration, from the ConfigMap that istiod reads.

use egress_core::snapshot::{MeshFacts, OutboundMode, Unreadable};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;
use serde::Deserialize;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// Where a ConfigMap holds the mesh configuration.
const KEY: &str = "mesh";

/// What the ConfigMap says, or why it could not be read. The API version is not in it.
pub(super) struct MeshReading {
    pub(super) facts: MeshFacts,
    pub(super) unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MeshConfig {
    root_namespace: String,
    outbound_traffic_policy: OutboundTrafficPolicy,
}

#[derive(Deserialize)]
#[serde(default)]
struct OutboundTrafficPolicy {
    mode: OutboundMode,
}

impl Default for MeshConfig {
    fn default() -> Self {
        let outbound_traffic_policy = OutboundTrafficPolicy::default();
        MeshConfig { root_namespace: MeshFacts::default().root_namespace, outbound_traffic_policy }
    }
}

impl Default for OutboundTrafficPolicy {
    fn default() -> Self {
        OutboundTrafficPolicy { mode: OutboundMode::AllowAny }
    }
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
        Ok(match found.and_then(|map| map.data?.remove(KEY)) {
            None => unread(&namespace, format!("not found, or without the key \"{KEY}\"")),
            Some(text) => match parse(&text) {
                Ok(facts) => MeshReading { facts, unreadable: Vec::new() },
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
            named && map.data.as_ref().is_some_and(|data| data.contains_key(KEY))
        };
        let mut found: Vec<ConfigMap> = all.into_iter().filter(is_mesh).collect();
        // Several revisions may disagree, and which one a sidecar follows is not in these facts.
        Ok(if found.len() == 1 { found.pop() } else { None })
    }
}

fn parse(text: &str) -> Result<MeshFacts, serde_yaml::Error> {
    let config: Option<MeshConfig> = serde_yaml::from_str(text)?;
    let MeshConfig { root_namespace, outbound_traffic_policy } = config.unwrap_or_default();
    Ok(MeshFacts { root_namespace, outbound: Some(outbound_traffic_policy.mode), ..MeshFacts::default() })
}

fn unread(namespace: &str, why: String) -> MeshReading {
    let what = format!("configmap/istio in namespace {namespace}");
    MeshReading { facts: MeshFacts::default(), unreadable: vec![Unreadable { what, why }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_that_says_nothing_lets_calls_leave_directly() {
        for text in ["", "{}", "enableTracing: true\n"] {
            let facts = parse(text).unwrap();
            assert_eq!(facts.outbound, Some(OutboundMode::AllowAny), "{text:?}");
            assert_eq!(facts.root_namespace, "istio-system", "{text:?}");
        }
    }

    #[test]
    fn root_namespace_and_outbound_mode_are_read() {
        let facts = parse("rootNamespace: mesh\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}\n").unwrap();
        assert_eq!(facts.outbound, Some(OutboundMode::RegistryOnly));
        assert_eq!(facts.root_namespace, "mesh");
    }

    #[test]
    fn what_is_no_mesh_configuration_is_an_error_and_no_guess() {
        parse("outboundTrafficPolicy: {mode: SOMETIMES}").unwrap_err();
    }
}

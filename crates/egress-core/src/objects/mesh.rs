//! The mesh configuration, as a ConfigMap of istiod holds it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::host::quoted;
use crate::kubernetes_name::{LABEL, is_label};
use crate::snapshot::{MeshFacts, OutboundMode};
use crate::yaml::{self, YamlError};

/// Where a ConfigMap holds the mesh configuration.
pub const MESH_KEY: &str = "mesh";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MeshConfig {
    #[serde(deserialize_with = "namespace")]
    root_namespace: String,
    outbound_traffic_policy: OutboundTrafficPolicy,
    enable_auto_mtls: bool,
    default_config: ProxyConfig,
}

#[derive(Deserialize)]
#[serde(default)]
struct OutboundTrafficPolicy {
    mode: OutboundMode,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ProxyConfig {
    proxy_metadata: BTreeMap<String, String>,
}

impl Default for MeshConfig {
    fn default() -> Self {
        let MeshFacts { root_namespace, auto_mtls, .. } = MeshFacts::default();
        MeshConfig {
            root_namespace,
            outbound_traffic_policy: OutboundTrafficPolicy::default(),
            enable_auto_mtls: auto_mtls,
            default_config: ProxyConfig::default(),
        }
    }
}

impl Default for OutboundTrafficPolicy {
    fn default() -> Self {
        OutboundTrafficPolicy { mode: OutboundMode::AllowAny }
    }
}

/// A namespace, or a text that is none. Whoever wrote the file hopes that it gets into a command.
fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(MeshFacts::default().root_namespace);
    }
    if is_label(&text) {
        return Ok(text);
    }
    let found = quoted(&text);
    Err(D::Error::custom(format!("expected {LABEL}, found {found}")))
}

/// Reads a mesh configuration. The API version and the cluster's domain are not in it.
///
/// # Errors
/// When the text is no mesh configuration.
pub fn mesh(text: &str) -> Result<MeshFacts, YamlError> {
    let config: Option<MeshConfig> = yaml::from_str(text)?;
    let config = config.unwrap_or_default();
    Ok(MeshFacts {
        root_namespace: config.root_namespace,
        outbound: Some(config.outbound_traffic_policy.mode),
        auto_mtls: config.enable_auto_mtls,
        proxy_metadata: config.default_config.proxy_metadata,
        ..MeshFacts::default()
    })
}

/// The root namespace that a mesh configuration names itself; `None`: it names none, and istiod takes the default.
///
/// # Errors
/// When the text is no mesh configuration.
pub fn named_root(text: &str) -> Result<Option<String>, YamlError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Root {
        root_namespace: Option<String>,
    }
    let config: Option<Root> = yaml::from_str(text)?;
    Ok(config.and_then(|config| config.root_namespace).filter(|root| !root.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_that_says_nothing_lets_calls_leave_directly() {
        for text in ["", "{}", "enableTracing: true\n"] {
            let facts = mesh(text).unwrap();
            assert_eq!(facts.outbound, Some(OutboundMode::AllowAny), "{text:?}");
            assert_eq!(facts.root_namespace, "istio-system", "{text:?}");
            assert!(facts.auto_mtls, "{text:?}");
        }
    }

    #[test]
    fn root_namespace_and_outbound_mode_are_read() {
        let facts = mesh("rootNamespace: mesh\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}\n").unwrap();
        assert_eq!(facts.outbound, Some(OutboundMode::RegistryOnly));
        assert_eq!(facts.root_namespace, "mesh");
    }

    #[test]
    fn what_proxies_are_told_is_read() {
        let facts = mesh("defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"true\"}}\n").unwrap();
        assert_eq!(facts.proxy_metadata["ISTIO_META_DNS_CAPTURE"], "true");
    }

    #[test]
    fn what_is_no_mesh_configuration_is_an_error_and_no_guess() {
        mesh("outboundTrafficPolicy: {mode: SOMETIMES}").unwrap_err();
    }
}

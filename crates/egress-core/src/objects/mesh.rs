//! The mesh configuration, as a ConfigMap of istiod holds it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::host::quoted;
use crate::kubernetes_name::{LABEL, is_label};
use crate::snapshot::{DefaultExportTo, MeshFacts, OutboundMode};
use crate::yaml::{self, YamlError};

/// Where a ConfigMap holds the mesh configuration.
pub const MESH_KEY: &str = "mesh";

/// What a mesh configuration sets; all else is as Istio has it by default.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct MeshConfig {
    #[serde(deserialize_with = "namespace")]
    root_namespace: Option<String>,
    outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    enable_auto_mtls: Option<bool>,
    default_config: ProxyConfig,
    default_service_export_to: Option<Vec<String>>,
    default_virtual_service_export_to: Option<Vec<String>>,
    default_destination_rule_export_to: Option<Vec<String>>,
    discovery_selectors: Option<Vec<LabelSelector>>,
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

impl MeshConfig {
    fn read(text: &str) -> Result<Self, YamlError> {
        Ok(yaml::from_str::<Option<MeshConfig>>(text)?.unwrap_or_default())
    }

    /// With the fields of another one where this one sets none. `ApplyMeshConfig` in `pkg/config/mesh/mesh.go`: every
    /// field is an override, except that the metadata of proxies are merged.
    fn or(self, shared: MeshConfig) -> Self {
        let mut proxy_metadata = shared.default_config.proxy_metadata;
        proxy_metadata.extend(self.default_config.proxy_metadata);
        MeshConfig {
            root_namespace: self.root_namespace.or(shared.root_namespace),
            outbound_traffic_policy: self.outbound_traffic_policy.or(shared.outbound_traffic_policy),
            enable_auto_mtls: self.enable_auto_mtls.or(shared.enable_auto_mtls),
            default_config: ProxyConfig { proxy_metadata },
            default_service_export_to: self.default_service_export_to.or(shared.default_service_export_to),
            default_virtual_service_export_to: self
                .default_virtual_service_export_to
                .or(shared.default_virtual_service_export_to),
            default_destination_rule_export_to: self
                .default_destination_rule_export_to
                .or(shared.default_destination_rule_export_to),
            discovery_selectors: self.discovery_selectors.or(shared.discovery_selectors),
        }
    }
}

impl Default for OutboundTrafficPolicy {
    fn default() -> Self {
        OutboundTrafficPolicy { mode: OutboundMode::AllowAny }
    }
}

/// A namespace, or a text that is none. Whoever wrote the file hopes that it gets into a command.
fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if is_label(&text) {
        return Ok(Some(text));
    }
    let found = quoted(&text);
    Err(D::Error::custom(format!("expected {LABEL}, found {found}")))
}

/// Reads a mesh configuration, and the one for the fields that it does not set: that of `SHARED_MESH_CONFIG`. The API
/// version and the cluster's domain are not in it.
///
/// # Errors
/// When a text is no mesh configuration.
pub fn mesh(text: &str, shared: Option<&str>) -> Result<MeshFacts, YamlError> {
    let shared = shared.map(MeshConfig::read).transpose()?.unwrap_or_default();
    let config = MeshConfig::read(text)?.or(shared);
    let usual = MeshFacts::default();
    Ok(MeshFacts {
        root_namespace: config.root_namespace.unwrap_or(usual.root_namespace),
        outbound: Some(config.outbound_traffic_policy.unwrap_or_default().mode),
        auto_mtls: config.enable_auto_mtls.unwrap_or(usual.auto_mtls),
        proxy_metadata: config.default_config.proxy_metadata,
        default_export_to: DefaultExportTo {
            services: config.default_service_export_to.unwrap_or_default(),
            virtual_services: config.default_virtual_service_export_to.unwrap_or_default(),
            destination_rules: config.default_destination_rule_export_to.unwrap_or_default(),
            is_applied: false,
        },
        discovery_selectors: config.discovery_selectors.unwrap_or_default(),
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
            let facts = mesh(text, None).unwrap();
            assert_eq!(facts.outbound, Some(OutboundMode::AllowAny), "{text:?}");
            assert_eq!(facts.root_namespace, "istio-system", "{text:?}");
            assert!(facts.auto_mtls, "{text:?}");
        }
    }

    #[test]
    fn root_namespace_and_outbound_mode_are_read() {
        let facts =
            mesh("rootNamespace: mesh\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}\n", None).unwrap();
        assert_eq!(facts.outbound, Some(OutboundMode::RegistryOnly));
        assert_eq!(facts.root_namespace, "mesh");
    }

    #[test]
    fn what_proxies_are_told_is_read() {
        let facts =
            mesh("defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"true\"}}\n", None).unwrap();
        assert_eq!(facts.proxy_metadata["ISTIO_META_DNS_CAPTURE"], "true");
    }

    #[test]
    fn what_is_no_mesh_configuration_is_an_error_and_no_guess() {
        mesh("outboundTrafficPolicy: {mode: SOMETIMES}", None).unwrap_err();
    }

    #[test]
    fn a_shared_configuration_gives_the_fields_that_the_own_one_does_not_set() {
        let shared = "rootNamespace: shared\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}\n\
                      defaultConfig: {proxyMetadata: {A: shared, B: shared}}\n";
        let facts =
            mesh("rootNamespace: own\ndefaultConfig: {proxyMetadata: {A: own}}\n", Some(shared)).unwrap();
        assert_eq!(facts.root_namespace, "own");
        assert_eq!(facts.outbound, Some(OutboundMode::RegistryOnly));
        assert_eq!(facts.proxy_metadata["A"], "own");
        assert_eq!(facts.proxy_metadata["B"], "shared");
    }

    #[test]
    fn who_sees_objects_and_where_they_are_read_is_known() {
        let text = "defaultServiceExportTo: [.]\ndiscoverySelectors: [{matchLabels: {mesh: a}}]\n";
        let facts = mesh(text, None).unwrap();
        assert_eq!(facts.default_export_to.services, ["."]);
        assert_eq!(facts.default_export_to.virtual_services, Vec::<String>::new());
        assert_eq!(facts.discovery_selectors.len(), 1);
    }
}

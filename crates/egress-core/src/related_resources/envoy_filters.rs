//! What is known of an EnvoyFilter: the proxies, and the parts of their configuration that it changes.
//!
//! Of the changes only the names of fields are kept: values hold code and credentials.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SelectedPods;

/// An `EnvoyFilter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvoyFilterFacts {
    /// The pods; none: all of its namespace, and of the mesh where that is the root.
    pub workload_selector: Option<SelectedPods>,
    /// Gateways of the Gateway API, in place of pods.
    pub target_refs: Vec<EnvoyFilterTarget>,
    /// The changes.
    pub config_patches: Vec<EnvoyFilterPatch>,
}

/// What an `EnvoyFilter` is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvoyFilterTarget {
    /// Its kind: `Gateway`, `GatewayClass`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvoyFilterPatch {
    /// The sort of part that is changed: `CLUSTER`, `HTTP_FILTER`.
    pub apply_to: String,
    /// Which of them; none: all.
    pub r#match: Option<EnvoyFilterMatch>,
    /// What is done to it.
    pub patch: EnvoyFilterChange,
}

/// The parts that a change is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvoyFilterMatch {
    /// `SIDECAR_OUTBOUND`, `SIDECAR_INBOUND`, `GATEWAY`; empty, or `ANY`, for all.
    pub context: String,
    /// Listeners.
    pub listener: Option<MatchedListener>,
    /// Routes.
    pub route_configuration: Option<MatchedRoutes>,
    /// Clusters.
    pub cluster: Option<MatchedCluster>,
}

/// Listeners; of empty fields all values match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedListener {
    /// The name.
    pub name: String,
    /// The port.
    pub port_number: i64,
    /// Their filter chains.
    pub filter_chain: Option<MatchedChain>,
}

/// Filter chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedChain {
    /// A filter that they have.
    pub filter: Option<MatchedPart>,
}

/// Something with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedPart {
    /// The name.
    pub name: String,
}

/// Routes; of empty fields all values match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedRoutes {
    /// The name.
    pub name: String,
    /// The port of the sidecar's listener, or of the gateway's server.
    pub port_number: i64,
    /// Their virtual hosts.
    pub vhost: Option<MatchedVirtualHost>,
}

/// Virtual hosts; of empty fields all values match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedVirtualHost {
    /// The name: `HOST:PORT`.
    pub name: String,
    /// One of its domains.
    pub domain_name: String,
}

/// Clusters; of empty fields all values match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchedCluster {
    /// The name.
    pub name: String,
    /// The host of the service in full.
    pub service: String,
    /// The subset.
    pub subset: String,
    /// The port of the service.
    pub port_number: i64,
}

/// What is done to a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, from = "WrittenChange")]
pub struct EnvoyFilterChange {
    /// `MERGE`, `ADD`, `REMOVE`.
    pub operation: String,
    /// The name of the filter that is added or changed.
    pub filter: Option<String>,
    /// The fields that are set, as Envoy writes them: `connect_timeout`. Of a filter those of its configuration.
    pub fields: Vec<String>,
}

/// The same as objects and as bundles have it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenChange {
    operation: String,
    filter: Option<String>,
    fields: Vec<String>,
    value: Value,
}

/// The field with the configuration of a filter.
const CONFIGURATION: &str = "typed_config";

impl From<WrittenChange> for EnvoyFilterChange {
    fn from(written: WrittenChange) -> Self {
        let WrittenChange { operation, mut filter, mut fields, value } = written;
        let Value::Object(value) = value else { return EnvoyFilterChange { operation, filter, fields } };
        for (key, value) in &value {
            let key = in_snake_case(key);
            match value {
                Value::Object(inner) if key == CONFIGURATION => {
                    let names = inner.keys().filter(|name| *name != "@type");
                    fields.extend(names.map(|name| in_snake_case(name)));
                }
                Value::String(name) if key == "name" => filter = Some(name.clone()),
                _ => fields.push(key),
            }
        }
        EnvoyFilterChange { operation, filter, fields }
    }
}

/// Fields may be written in both ways.
fn in_snake_case(name: &str) -> String {
    let mut found = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            found.push('_');
        }
        found.push(letter.to_ascii_lowercase());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_change_the_names_of_fields_are_kept_and_no_values() {
        let written = json!({ "operation": "MERGE", "value": {
            "name": "envoy.filters.http.lua",
            "perConnectionBufferLimitBytes": 1,
            "typed_config": { "@type": "type.googleapis.com/Lua", "inlineCode": "secret" },
        } });

        let change: EnvoyFilterChange = serde_json::from_value(written).unwrap();
        let text = serde_json::to_string(&change).unwrap();

        assert_eq!(change.filter.as_deref(), Some("envoy.filters.http.lua"));
        assert_eq!(change.fields, ["per_connection_buffer_limit_bytes", "inline_code"]);
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(serde_json::from_str::<EnvoyFilterChange>(&text).unwrap(), change);
    }
}

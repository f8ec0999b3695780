//! What controllers say about an object: addresses that were allocated, conditions that hold or do not.
//!
//! Knows the form of a `status`. What is not of that form is left out: a status is a hint, never a reason to refuse.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The part of a `status` that decisions are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Addresses that istiod allocated for a ServiceEntry.
    pub addresses: Vec<String>,
    /// The same by host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allocated: BTreeMap<String, Vec<String>>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
}

/// One condition, as every kind of Kubernetes writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Its type, such as `Accepted` or `istio.io/WaypointBound`.
    pub kind: String,
    /// `status: "True"`.
    pub holds: bool,
    /// A word for why.
    pub reason: String,
    /// A sentence for why.
    pub message: String,
}

impl Status {
    /// Reads the `status` of an object; of one without, nothing.
    pub fn of(status: Option<&Value>) -> Self {
        let addresses = status.and_then(|status| status.get("addresses")).and_then(Value::as_array);
        let value = |address: &Value| Some(address.get("value")?.as_str()?.to_owned());
        let mut allocated: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for address in addresses.into_iter().flatten() {
            if let (Some(host), Some(value)) = (address.get("host").and_then(Value::as_str), value(address)) {
                allocated.entry(host.to_owned()).or_default().push(value);
            }
        }
        Status {
            allocated,
            addresses: addresses.into_iter().flatten().filter_map(value).collect(),
            conditions: status.map(conditions).unwrap_or_default(),
        }
    }
}

/// The `conditions` below a value.
pub fn conditions(holder: &Value) -> Vec<Condition> {
    let all = holder.get("conditions").and_then(Value::as_array).into_iter().flatten();
    all.map(|condition| {
        let word = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Condition {
            kind: word("type"),
            holds: word("status") == "True",
            reason: word("reason"),
            message: word("message"),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_and_conditions_are_read() {
        let status = json!({
            "addresses": [{"host": "edition.cnn.com", "value": "240.240.0.1"}],
            "conditions": [{"type": "istio.io/WaypointBound", "status": "False", "reason": "AttachmentDenied"}],
        });
        let status = Status::of(Some(&status));
        assert_eq!(status.addresses, ["240.240.0.1"]);
        assert!(!status.conditions[0].holds);
        assert_eq!(status.conditions[0].reason, "AttachmentDenied");
    }

    #[test]
    fn what_is_no_status_says_nothing() {
        for status in [None, Some(&json!(null)), Some(&json!({"addresses": "x", "conditions": {}}))] {
            assert_eq!(Status::of(status), Status::default());
        }
    }
}

//! Whether a selector of Kubernetes chooses labels.
//!
//! Knows the form with `matchLabels` and `matchExpressions` that NetworkPolicies and PodDisruptionBudgets share.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// Whether a selector chooses an object with these labels; an empty one chooses all. An operator that Kubernetes does not
/// know chooses nothing. `LabelSelectorAsSelector` in `apimachinery/pkg/apis/meta/v1/helpers.go`.
pub(crate) fn chooses(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let mut exact = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    exact.all(|(key, value)| labels.get(key) == Some(value))
        && expressions.all(|requirement| meets(requirement, labels.get(&requirement.key)))
}

fn meets(requirement: &LabelSelectorRequirement, value: Option<&String>) -> bool {
    let listed = |value: &String| requirement.values.iter().flatten().any(|listed| listed == value);
    match requirement.operator.as_str() {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn chosen(selector: &Value) -> bool {
        let labels = [("app".to_owned(), "web".to_owned()), ("tier".to_owned(), "front".to_owned())];
        chooses(&serde_json::from_value(selector.clone()).unwrap(), &labels.into())
    }

    #[test]
    fn every_operator_is_understood() {
        let expression = |key: &str, operator: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] });
        assert!(chosen(&json!({})));
        assert!(chosen(&json!({ "matchLabels": { "app": "web" } })));
        assert!(!chosen(&json!({ "matchLabels": { "app": "web", "tier": "back" } })));
        for (key, operator, values, expected) in [
            ("app", "In", &["web", "api"][..], true),
            ("app", "In", &["api"], false),
            ("app", "NotIn", &["api"], true),
            ("team", "NotIn", &["api"], true),
            ("app", "Exists", &[], true),
            ("team", "Exists", &[], false),
            ("team", "DoesNotExist", &[], true),
            ("app", "Near", &[], false),
        ] {
            assert_eq!(chosen(&expression(key, operator, values)), expected, "{key} {operator} {values:?}");
        }
    }
}

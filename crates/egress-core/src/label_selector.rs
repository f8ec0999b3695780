//! Whether labels meet a selector: the one place that compares them.
//!
//! Knows the two forms of Kubernetes' and Istio's objects: pairs of key and value, and `matchLabels` with
//! `matchExpressions`. The text of `kubectl get -l` is read elsewhere.
//!
//! Not kube-core's `Selector`: it is a copy of the selector, made before labels are compared, and brings HTTP's types and five
//! more crates into this one. A test of `egress-cluster` holds both to the same answers.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// Whether labels have every one of these pairs. None at all is met by all labels: `Gateway.spec.selector`,
/// `Sidecar.spec.workloadSelector`. `SubsetOf` in `pkg/config/labels/instance.go` of Istio.
pub fn has_labels<'a>(
    labels: &BTreeMap<String, String>,
    wanted: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> bool {
    wanted.into_iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a selector chooses an object with these labels; an empty one chooses all. An operator that Kubernetes does not
/// know chooses nothing. `LabelSelectorAsSelector` in `apimachinery/pkg/apis/meta/v1/helpers.go`.
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let mut expressions = selector.match_expressions.iter().flatten();
    has_labels(labels, selector.match_labels.iter().flatten())
        && expressions.all(|requirement| meets(requirement, labels.get(&requirement.key)))
}

/// Whether a requirement is met by the value that its label has.
pub(crate) fn meets(requirement: &LabelSelectorRequirement, value: Option<&String>) -> bool {
    let listed = |value: &String| requirement.values.iter().flatten().any(|listed| listed == value);
    match requirement.operator.as_str() {
        "In" => value.is_some_and(listed),
        // Met by a label that does not exist, too.
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
        selects(&serde_json::from_value(selector.clone()).unwrap(), &labels.into())
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

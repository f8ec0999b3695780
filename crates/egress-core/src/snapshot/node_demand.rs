//! Which nodes a pod must run on, by its own `nodeSelector` and required node affinity.
//!
//! Knows labels and names of nodes. Knows nothing of taints, which keep pods off and demand nothing.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
use serde::{Deserialize, Serialize};

use crate::label_selector::{has_labels, meets};
use crate::snapshot::NodeFacts;

/// What the node of a pod must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeDemand {
    /// `nodeSelector`: each of these labels.
    pub labels: BTreeMap<String, String>,
    /// Required node affinity: one of these terms; none where nothing is required.
    pub terms: Vec<NodeTerm>,
}

/// One term of a node affinity: all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeTerm {
    /// By labels.
    pub expressions: Vec<LabelSelectorRequirement>,
    /// By fields, of which there is one: `metadata.name`.
    pub fields: Vec<LabelSelectorRequirement>,
}

// The requirements of `k8s-openapi` are words, and lack only the name of this.
impl Eq for NodeDemand {}
impl Eq for NodeTerm {}

impl NodeDemand {
    /// Whether any node will do.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.terms.is_empty()
    }

    /// Whether a node has all of it, as the scheduler reads it. `nodeSelectorRequirementsAsSelector` in
    /// `component-helpers/scheduling/corev1/nodeaffinity` of Kubernetes.
    pub fn allows(&self, node: &NodeFacts) -> bool {
        has_labels(&node.labels, &self.labels)
            && (self.terms.is_empty() || self.terms.iter().any(|term| term.is_met_by(node)))
    }
}

impl NodeTerm {
    fn is_met_by(&self, node: &NodeFacts) -> bool {
        // A term without anything is met by no node.
        let says_nothing = self.expressions.is_empty() && self.fields.is_empty();
        !says_nothing
            && self.expressions.iter().all(|one| compares(one, node.labels.get(&one.key)))
            && self.fields.iter().all(|one| one.key != "metadata.name" || compares(one, Some(&node.name)))
    }
}

fn compares(requirement: &LabelSelectorRequirement, value: Option<&String>) -> bool {
    let number = |text: &String| text.parse::<i64>().ok();
    let bound = || requirement.values.iter().flatten().next().and_then(number);
    match requirement.operator.as_str() {
        "Gt" => value.and_then(number).zip(bound()).is_some_and(|(value, bound)| value > bound),
        "Lt" => value.and_then(number).zip(bound()).is_some_and(|(value, bound)| value < bound),
        _ => meets(requirement, value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn allows(demand: &Value) -> bool {
        let labels = [("pool".to_owned(), "edge".to_owned()), ("cores".to_owned(), "8".to_owned())];
        let node = NodeFacts { name: "edge-a".to_owned(), labels: labels.into(), ..NodeFacts::default() };
        serde_json::from_value::<NodeDemand>(demand.clone()).unwrap().allows(&node)
    }

    #[test]
    fn a_node_needs_every_label_and_one_term() {
        let term = |key: &str, operator: &str, values: &[&str]| json!({ "expressions": [{ "key": key, "operator": operator, "values": values }] });
        assert!(allows(&json!({})));
        assert!(allows(&json!({ "labels": { "pool": "edge" } })));
        assert!(!allows(&json!({ "labels": { "pool": "edge", "zone": "a" } })));
        assert!(allows(&json!({ "terms": [term("pool", "In", &["other"]), term("pool", "In", &["edge"])] })));
        assert!(!allows(&json!({ "terms": [term("pool", "NotIn", &["edge"])] })));
        assert!(allows(&json!({ "terms": [term("cores", "Gt", &["4"])] })));
        assert!(!allows(&json!({ "terms": [term("cores", "Lt", &["4"])] })));
        assert!(!allows(&json!({ "terms": [{}] })));
    }

    #[test]
    fn the_field_of_a_node_is_its_name() {
        let field = |name: &str| json!({ "terms": [{ "fields": [{ "key": "metadata.name", "operator": "In", "values": [name] }] }] });
        assert!(allows(&field("edge-a")));
        assert!(!allows(&field("edge-b")));
    }
}

//! From a policy to the two objects of Kubernetes that hold it.
//!
//! Knows the fields, and writes those that the server would fill in, too: what is stored is then what was written, and
//! its digest can be told from the stored object. Knows nothing of rules.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec,
    Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::{AdmissionPolicy, AdmissionRule, Clause, DIGEST, Enforcement, ResourceRule, SET, digest};
use crate::metadata::{FIELD_MANAGER, MANAGED_BY};

impl AdmissionPolicy {
    /// The object that says what is allowed. Written before [`Self::binding`].
    pub fn policy(&self) -> ValidatingAdmissionPolicy {
        let mut metadata = self.metadata();
        metadata.labels.get_or_insert_default().insert(DIGEST.to_owned(), self.digest());
        metadata.annotations = Some(self.annotations.clone()).filter(|annotations| !annotations.is_empty());
        ValidatingAdmissionPolicy { metadata, spec: Some(self.spec()), status: None }
    }

    /// The object that puts it in force. Deleted before [`Self::policy`].
    pub fn binding(&self, enforcement: Enforcement) -> ValidatingAdmissionPolicyBinding {
        ValidatingAdmissionPolicyBinding {
            metadata: self.metadata(),
            spec: Some(ValidatingAdmissionPolicyBindingSpec {
                policy_name: Some(self.name.clone()),
                validation_actions: Some(enforcement.actions()),
                match_resources: None,
                param_ref: None,
            }),
        }
    }

    /// What it says, as 32 hexadecimal digits: equal for equal policies, whatever they are called.
    pub fn digest(&self) -> String {
        digest_of(&self.spec())
    }

    /// The labels that both objects carry.
    pub fn labels(&self) -> BTreeMap<String, String> {
        [(MANAGED_BY, FIELD_MANAGER), (SET, self.set.word())]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    fn metadata(&self) -> ObjectMeta {
        ObjectMeta { name: Some(self.name.clone()), labels: Some(self.labels()), ..ObjectMeta::default() }
    }

    fn spec(&self) -> ValidatingAdmissionPolicySpec {
        let conditions = self.conditions.iter().map(|Clause { name, expression }| MatchCondition {
            name: name.clone(),
            expression: expression.clone(),
        });
        let variables = self.variables.iter().map(|Clause { name, expression }| Variable {
            name: name.clone(),
            expression: expression.clone(),
        });
        ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_constraints: Some(MatchResources {
                match_policy: Some("Equivalent".to_owned()),
                namespace_selector: Some(LabelSelector::default()),
                object_selector: Some(LabelSelector::default()),
                resource_rules: Some(self.resources.iter().map(judged).collect()),
                exclude_resource_rules: None,
            }),
            match_conditions: some(conditions.collect()),
            variables: some(variables.collect()),
            validations: some(self.validations.iter().map(validation).collect()),
            audit_annotations: None,
            param_kind: None,
        }
    }
}

/// The digest of what a stored policy says: another than its label where somebody changed it by hand.
pub(super) fn digest_of(spec: &ValidatingAdmissionPolicySpec) -> String {
    // A struct of strings and lists always serialises; an empty text would be no digest of any policy.
    digest(&serde_json::to_string(spec).unwrap_or_default())
}

fn judged(rule: &ResourceRule) -> NamedRuleWithOperations {
    NamedRuleWithOperations {
        api_groups: Some(vec![rule.group.clone()]),
        api_versions: Some(vec![rule.version.clone()]),
        operations: Some(vec!["CREATE".to_owned(), "UPDATE".to_owned()]),
        resources: Some(vec![rule.resource.clone()]),
        scope: Some("*".to_owned()),
        resource_names: None,
    }
}

fn validation(rule: &AdmissionRule) -> Validation {
    Validation {
        expression: rule.expression.clone(),
        message: Some(rule.message.clone()),
        message_expression: rule.message_expression.clone(),
        reason: Some("Forbidden".to_owned()),
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

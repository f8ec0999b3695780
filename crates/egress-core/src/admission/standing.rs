//! How far the policies of a cluster are those that should stand there.
//!
//! Knows what a missing, an older and an edited policy is, and what its binding does. Knows nothing of how they are read.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::objects::digest_of;
use super::{AdmissionPolicy, DIGEST};

/// One policy as it should be, and as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The name of the policy and of its binding.
    pub name: String,
    /// The policy.
    pub policy: PolicyState,
    /// Its binding.
    pub binding: BindingState,
}

/// A policy beside what it should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyState {
    /// There is none.
    Missing,
    /// It says what an earlier program, or other settings, made it say.
    Old,
    /// It no longer says what it said when it was written.
    Edited,
    /// It says what it should.
    Current,
}

/// What a binding puts in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingState {
    /// There is none: nothing is judged.
    Missing,
    /// It names another policy, judges only a part of the requests, or has actions of its own.
    Edited,
    /// Writers are warned.
    Warn,
    /// Requests are refused.
    Deny,
}

/// What all policies of a set come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetState {
    /// Nothing of it exists.
    Absent,
    /// A policy is missing, old or edited, or its binding is.
    Incomplete,
    /// Every policy says what it should, and some only warn.
    Warn,
    /// Every policy says what it should and refuses.
    Deny,
}

impl SetState {
    /// What the policies of a set come to.
    pub fn of(standings: &[Standing]) -> Self {
        let all = |holds: &dyn Fn(&Standing) -> bool| standings.iter().all(holds);
        if all(&|one| one.policy == PolicyState::Missing && one.binding == BindingState::Missing) {
            SetState::Absent
        } else if all(&Standing::denies) {
            SetState::Deny
        } else if all(&|one| {
            one.policy == PolicyState::Current
                && matches!(one.binding, BindingState::Warn | BindingState::Deny)
        }) {
            SetState::Warn
        } else {
            SetState::Incomplete
        }
    }

    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            SetState::Absent => "absent",
            SetState::Incomplete => "incomplete",
            SetState::Warn => "warn",
            SetState::Deny => "deny",
        }
    }
}

impl PolicyState {
    /// The word in tables and documents.
    pub fn word(self) -> &'static str {
        match self {
            PolicyState::Missing => "missing",
            PolicyState::Old => "old",
            PolicyState::Edited => "edited",
            PolicyState::Current => "current",
        }
    }
}

impl BindingState {
    /// The word in tables and documents.
    pub fn word(self) -> &'static str {
        match self {
            BindingState::Missing => "missing",
            BindingState::Edited => "edited",
            BindingState::Warn => "warn",
            BindingState::Deny => "deny",
        }
    }
}

impl Standing {
    /// What `policies` and `bindings` of a cluster make of `expected`.
    pub fn of(
        expected: &AdmissionPolicy,
        policies: &[ValidatingAdmissionPolicy],
        bindings: &[ValidatingAdmissionPolicyBinding],
    ) -> Self {
        let name = Some(&expected.name);
        let policy = policies.iter().find(|policy| policy.metadata.name.as_ref() == name);
        let binding = bindings.iter().find(|binding| binding.metadata.name.as_ref() == name);
        Standing {
            name: expected.name.clone(),
            policy: policy.map_or(PolicyState::Missing, |found| policy_state(expected, found)),
            binding: binding.map_or(BindingState::Missing, |found| binding_state(expected, found)),
        }
    }

    /// Whether requests that break the policy are refused, by what it should say.
    pub fn denies(&self) -> bool {
        self.policy == PolicyState::Current && self.binding == BindingState::Deny
    }
}

fn policy_state(expected: &AdmissionPolicy, found: &ValidatingAdmissionPolicy) -> PolicyState {
    let said = found.spec.as_ref().map(digest_of).unwrap_or_default();
    let label = found.metadata.labels.as_ref().and_then(|labels| labels.get(DIGEST));
    if said == expected.digest() {
        PolicyState::Current
    } else if label == Some(&said) {
        PolicyState::Old
    } else {
        PolicyState::Edited
    }
}

fn binding_state(expected: &AdmissionPolicy, found: &ValidatingAdmissionPolicyBinding) -> BindingState {
    let Some(spec) = &found.spec else { return BindingState::Edited };
    // The server fills in a `matchResources` that leaves nothing out.
    let narrowed = spec.match_resources.as_ref().is_some_and(|scope| {
        let selects = |selector: &Option<LabelSelector>| {
            selector.as_ref().is_some_and(|selector| *selector != LabelSelector::default())
        };
        selects(&scope.namespace_selector)
            || selects(&scope.object_selector)
            || scope.resource_rules.as_ref().is_some_and(|rules| !rules.is_empty())
            || scope.exclude_resource_rules.as_ref().is_some_and(|rules| !rules.is_empty())
    });
    if narrowed || spec.param_ref.is_some() || spec.policy_name.as_ref() != Some(&expected.name) {
        return BindingState::Edited;
    }
    let actions = spec.validation_actions.as_deref().unwrap_or_default();
    if actions.iter().any(|action| action == "Deny") {
        BindingState::Deny
    } else if actions.iter().any(|action| action == "Warn") {
        BindingState::Warn
    } else {
        BindingState::Edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{AdmissionRule, AdmissionSet, Clause, Enforcement, ResourceRule};

    fn example() -> AdmissionPolicy {
        AdmissionPolicy {
            name: "example".to_owned(),
            set: AdmissionSet::Guard,
            annotations: std::collections::BTreeMap::new(),
            resources: vec![ResourceRule::new("", "v1", "services")],
            conditions: vec![Clause::new("changed", "oldObject == null")],
            variables: vec![],
            validations: vec![AdmissionRule {
                expression: "true".to_owned(),
                message: "never said".to_owned(),
                message_expression: None,
            }],
        }
    }

    #[test]
    fn what_was_written_stands_and_what_is_missing_does_not() {
        let policy = example();
        let standing = |policies: &[_], bindings: &[_]| Standing::of(&policy, policies, bindings);
        let deny = policy.binding(Enforcement::Deny);
        let whole = standing(&[policy.policy()], std::slice::from_ref(&deny));
        assert!(whole.denies(), "{whole:?}");
        let warning = standing(&[policy.policy()], &[policy.binding(Enforcement::Warn)]);
        assert_eq!(warning.binding, BindingState::Warn);
        assert_eq!(standing(&[policy.policy()], &[]).binding, BindingState::Missing);
        assert_eq!(standing(&[], &[deny]).policy, PolicyState::Missing);
    }

    #[test]
    fn an_older_policy_is_told_from_one_that_somebody_edited() {
        let policy = example();
        let mut older = example();
        older.validations[0].expression = "false".to_owned();
        let state = |found| Standing::of(&policy, &[found], &[]).policy;
        assert_eq!(state(older.policy()), PolicyState::Old);
        let mut edited = policy.policy();
        edited.spec = older.policy().spec;
        assert_eq!(state(edited), PolicyState::Edited);
    }

    #[test]
    fn a_binding_that_leaves_requests_out_does_not_stand() {
        let policy = example();
        let trial = policy.trial(Vec::new(), Vec::new());
        let mut narrowed = policy.binding(Enforcement::Deny);
        narrowed.spec.as_mut().unwrap().match_resources = trial.binding.spec.unwrap().match_resources;
        assert_eq!(Standing::of(&policy, &[], &[narrowed]).binding, BindingState::Edited);
    }

    #[test]
    fn a_trial_says_the_same_to_labelled_objects_only() {
        let policy = example();
        let trial = policy.trial(vec![], vec![serde_json::json!({"metadata": {"name": "a"}})]);
        assert_eq!(trial.policy.spec, policy.policy().spec);
        let selector = trial.binding.spec.unwrap().match_resources.unwrap().object_selector.unwrap();
        assert_eq!(selector.match_labels.unwrap()[super::super::TRIAL], policy.trial_name());
        assert_eq!(trial.accepted[0]["metadata"]["labels"][super::super::TRIAL], policy.trial_name());
    }
}

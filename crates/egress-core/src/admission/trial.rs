//! A policy is tried before anybody is bound by it.
//!
//! The trial is a copy of the policy under a name of its own, and a binding that warns, but only of objects with the label
//! [`TRIAL`] and one value of it. Requests that carry the label are then sent as dry runs: of those that break a rule the
//! server must warn in the copy's name, of the others it must not. Nobody else's request carries the label, so nobody else
//! is judged. Warnings, not refusals, are looked at: another policy may refuse the same request before. An expression that
//! fails at run time warns of everything, which the second kind of request shows. Knows nothing of how requests are sent.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::{AdmissionPolicy, Enforcement, TRIAL};

/// One policy on trial, and the requests that try it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The name of the copy and its binding.
    pub name: String,
    /// The name of the policy that is tried.
    pub of: String,
    /// The copy. Deleted after [`Self::binding`].
    pub policy: ValidatingAdmissionPolicy,
    /// The binding, for the labelled objects only.
    pub binding: ValidatingAdmissionPolicyBinding,
    /// The plural of the objects, with the group and version as in `apiVersion`.
    pub resource: String,
    /// Objects that break a rule, each with a part of what must be said.
    pub refused: Vec<(Value, String)>,
    /// Objects that break none.
    pub accepted: Vec<Value>,
}

impl AdmissionPolicy {
    /// How this policy is tried: `refused` are whole manifests with a part of the message that each must meet, `accepted`
    /// are manifests that must pass. Each gets the label of the trial.
    pub fn trial(&self, refused: Vec<(Value, String)>, accepted: Vec<Value>) -> Trial {
        let name = self.trial_name();
        // A name is not judged: the copy says the same.
        let copy = AdmissionPolicy { name: name.clone(), ..self.clone() };
        let mut binding = copy.binding(Enforcement::Warn);
        let selector = LabelSelector {
            match_labels: Some([(TRIAL.to_owned(), name.clone())].into()),
            ..LabelSelector::default()
        };
        if let Some(spec) = &mut binding.spec {
            spec.match_resources =
                Some(MatchResources { object_selector: Some(selector), ..MatchResources::default() });
        }
        let labelled = |mut object: Value| {
            object["metadata"]["labels"][TRIAL] = Value::from(name.clone());
            object
        };
        Trial {
            policy: copy.policy(),
            binding,
            of: self.name.clone(),
            resource: self.resources.first().map(|rule| rule.resource.clone()).unwrap_or_default(),
            refused: refused.into_iter().map(|(object, said)| (labelled(object), said)).collect(),
            accepted: accepted.into_iter().map(labelled).collect(),
            name,
        }
    }

    /// The name of the copy: of this policy and this content. A label can hold it.
    pub fn trial_name(&self) -> String {
        let digest: String = self.digest().chars().take(8).collect();
        let cut: String = self.name.chars().take(47).collect();
        format!("{cut}-trial-{digest}")
    }
}

impl Trial {
    /// What the warnings of the server to one request say in the name of the copy.
    pub fn said<'a>(&self, warnings: &'a [String]) -> Vec<&'a str> {
        let mark = format!("'{}'", self.name);
        warnings.iter().map(String::as_str).filter(|warning| warning.contains(&mark)).collect()
    }
}

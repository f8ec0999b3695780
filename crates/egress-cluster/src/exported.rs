//! One policy of the API server and its binding, by their name.
//!
//! Knows the two kinds. By name and not by label: a label that somebody took away hides nothing.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::Api;

use crate::admission::AdmissionObjects;
use crate::cluster::Cluster;
use crate::error::ClusterError;

impl Cluster {
    /// The policy of this name and the binding of this name, as far as they exist. A server that knows no such kinds has
    /// neither.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] where the user may not read them.
    pub async fn admission_policy(&self, name: &str) -> Result<AdmissionObjects, ClusterError> {
        let policies: Api<ValidatingAdmissionPolicy> = Api::all(self.client.clone());
        let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(self.client.clone());
        let (policy, binding) =
            tokio::try_join!(self.ask(policies.get_opt(name)), self.ask(bindings.get_opt(name)))?;
        Ok(AdmissionObjects {
            policies: policy.into_iter().collect(),
            bindings: binding.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_policy_that_is_not_there_is_none_and_one_that_may_not_be_read_is_an_error() {
        let answering = |code: u16, reason: &'static str| {
            Cluster::fake(move |_| {
                let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "no"});
                (code, body.to_string())
            })
        };
        let found = answering(404, "NotFound").admission_policy("a").await.unwrap();
        assert!(found.policies.is_empty() && found.bindings.is_empty());
        let error = answering(403, "Forbidden").admission_policy("a").await.unwrap_err();
        assert!(matches!(error, ClusterError::Forbidden(_)), "{error:?}");
    }
}

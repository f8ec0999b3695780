//! Reads the ConfigMaps with a cluster's policies.
//!
//! Knows how to read one. A missing permission is an error; a missing object means that there are no policies. Does not
//! know their content.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::cluster::Cluster;
use crate::error::ClusterError;

/// The ConfigMap of a cluster's policies, in the mesh's root namespace.
pub const POLICIES: &str = "kubectl-egress-policy";

/// The content of a ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyMap {
    /// Texts by key.
    pub data: BTreeMap<String, String>,
    /// Modules by key.
    pub binary_data: BTreeMap<String, Vec<u8>>,
    /// The UID, which no later object of this name has.
    pub uid: String,
    /// The resource version of this content.
    pub resource_version: String,
}

impl Cluster {
    /// The cluster's policies; `None` if it has none.
    ///
    /// # Errors
    /// [`ClusterError::PoliciesForbidden`] if the user may not read them: that never counts as none.
    pub async fn policy_map(&self, root_namespace: &str) -> Result<Option<PolicyMap>, ClusterError> {
        self.config_map(root_namespace, POLICIES).await
    }

    /// A ConfigMap that policies name as their source; `None` if it does not exist.
    ///
    /// # Errors
    /// As [`Cluster::policy_map`].
    pub async fn config_map(&self, namespace: &str, name: &str) -> Result<Option<PolicyMap>, ClusterError> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        match self.ask(maps.get_opt(name)).await {
            Ok(found) => Ok(found.map(contents)),
            Err(ClusterError::Forbidden(why)) => Err(ClusterError::PoliciesForbidden {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                why,
            }),
            Err(error) => Err(error),
        }
    }
}

fn contents(map: ConfigMap) -> PolicyMap {
    PolicyMap {
        data: map.data.unwrap_or_default(),
        binary_data: map
            .binary_data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, bytes)| (key, bytes.0))
            .collect(),
        uid: map.metadata.uid.unwrap_or_default(),
        resource_version: map.metadata.resource_version.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A fake cluster with this response to every request for the ConfigMap.
    fn answering(status: u16, body: serde_json::Value) -> Cluster {
        Cluster::fake(move |path| match path {
            "/api/v1/namespaces/istio-system/configmaps/kubectl-egress-policy" => (status, body.to_string()),
            path => panic!("not asked for: {path}"),
        })
    }

    fn status(code: u16, reason: &str, message: &str) -> serde_json::Value {
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
    }

    #[tokio::test]
    async fn texts_and_modules_are_read() {
        let map = json!({
            "metadata": {"name": POLICIES, "uid": "u-1", "resourceVersion": "7"},
            "data": {"egress-policy.yaml": "kind: EgressPolicySet"},
            "binaryData": {"acme.wasm": "AGFzbQ=="},
        });
        let found = answering(200, map).policy_map("istio-system").await.unwrap().unwrap();
        assert_eq!(found.data["egress-policy.yaml"], "kind: EgressPolicySet");
        assert_eq!(found.binary_data["acme.wasm"], b"\0asm");
        assert_eq!((found.uid.as_str(), found.resource_version.as_str()), ("u-1", "7"));
    }

    #[tokio::test]
    async fn no_object_is_no_policies() {
        let answer = status(404, "NotFound", "configmaps \"kubectl-egress-policy\" not found");
        assert_eq!(answering(404, answer).policy_map("istio-system").await, Ok(None));
    }

    #[tokio::test]
    async fn no_right_is_not_taken_for_no_policies() {
        let answer = status(403, "Forbidden", "configmaps is forbidden: User \"ada\" cannot get");
        let error = answering(403, answer).policy_map("istio-system").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no permission to read the policies of this cluster: configmaps is forbidden: User \"ada\" cannot get"
        );
        assert!(matches!(error, ClusterError::PoliciesForbidden { .. }), "{error:?}");
    }
}

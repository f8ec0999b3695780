//! Reads, writes and deletes policies of the API server, and sends dry-run requests that test them.
//!
//! Knows the two kinds and the server's warning header. Does not decide the content of a policy or the order of writes.

use std::fmt::Debug;

use egress_core::admission::{AdmissionSet, SET};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, ValidationDirective};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::error::{ClusterError, from_kube, one_line};

/// The group of the two kinds.
pub const GROUP: &str = "admissionregistration.k8s.io";
/// The plural of the policies.
pub const POLICIES: &str = "validatingadmissionpolicies";
/// The plural of the bindings.
pub const BINDINGS: &str = "validatingadmissionpolicybindings";
/// The largest response to a test request: one object or one refusal.
const LARGEST_ANSWER: usize = 1 << 20;

/// The policies and bindings of one set on the server.
#[derive(Clone, Debug, Default)]
pub struct AdmissionObjects {
    /// The policies.
    pub policies: Vec<ValidatingAdmissionPolicy>,
    /// The bindings.
    pub bindings: Vec<ValidatingAdmissionPolicyBinding>,
}

/// One of the two kinds of object.
pub trait AdmissionObject: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize {}

impl AdmissionObject for ValidatingAdmissionPolicy {}
impl AdmissionObject for ValidatingAdmissionPolicyBinding {}

/// The server's response to a dry-run request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Its warnings, each in one line.
    pub warnings: Vec<String>,
    /// Why it refused; `None` if it did not.
    pub refused: Option<String>,
}

impl Cluster {
    /// The policies and bindings of a set, and those of its test copies; `None` if the server does not have these
    /// kinds.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] if the user may not list them.
    pub async fn admission(&self, set: AdmissionSet) -> Result<Option<AdmissionObjects>, ClusterError> {
        let parameters = ListParams::default().labels(&format!("{SET}={}", set.word()));
        let policies: Api<ValidatingAdmissionPolicy> = Api::all(self.client.clone());
        let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(self.client.clone());
        let (policies, bindings) =
            tokio::join!(self.ask(policies.list(&parameters)), self.ask(bindings.list(&parameters)));
        match (policies, bindings) {
            (Err(error), _) | (_, Err(error)) if error.is_not_found() => Ok(None),
            (policies, bindings) => {
                Ok(Some(AdmissionObjects { policies: policies?.items, bindings: bindings?.items }))
            }
        }
    }

    /// Writes a policy or a binding. Reverts changes by others.
    ///
    /// # Errors
    /// [`ClusterError::Server`] if the server does not accept it.
    pub async fn apply_admission<K: AdmissionObject>(
        &self,
        object: &K,
        field_manager: &str,
        dry_run: bool,
    ) -> Result<K, ClusterError> {
        let parameters = PatchParams {
            dry_run,
            force: true,
            field_manager: Some(field_manager.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let api: Api<K> = Api::all(self.client.clone());
        let name = object.meta().name.clone().unwrap_or_default();
        self.ask(api.patch(&name, &parameters, &Patch::Apply(object))).await
    }

    /// Deletes a binding. Not an error if it is already gone.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] where the user may not.
    pub async fn delete_binding(&self, name: &str, dry_run: bool) -> Result<(), ClusterError> {
        self.delete_admission::<ValidatingAdmissionPolicyBinding>(name, dry_run).await
    }

    /// Deletes a policy, after its binding. Not an error if it is already gone.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] where the user may not.
    pub async fn delete_policy(&self, name: &str, dry_run: bool) -> Result<(), ClusterError> {
        self.delete_admission::<ValidatingAdmissionPolicy>(name, dry_run).await
    }

    async fn delete_admission<K: AdmissionObject>(
        &self,
        name: &str,
        dry_run: bool,
    ) -> Result<(), ClusterError> {
        let api: Api<K> = Api::all(self.client.clone());
        let parameters = DeleteParams { dry_run, ..DeleteParams::default() };
        match self.ask(api.delete(name, &parameters)).await {
            Err(error) if error.is_not_found() => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    /// Sends a create request with dry run. `resource` is the plural of the object's kind.
    ///
    /// # Errors
    /// Only if the server sends no readable response. A refusal is not an error here.
    pub async fn try_create(&self, resource: &str, object: &Value) -> Result<Tried, ClusterError> {
        let path = path(resource, object);
        let body = object.to_string().into_bytes();
        let request = hyper::Request::post(format!("{path}?dryRun=All&fieldManager=kubectl-egress"))
            .header("Content-Type", "application/json")
            .body(kube::client::Body::from(body));
        self.limited(async {
            let request = request.map_err(kube::Error::HttpError);
            let sent = async { self.client.send(request?).await };
            let answer = sent.await.map_err(|error| from_kube(self.server(), &error))?;
            let warnings = answer.headers().get_all("warning").iter();
            let warnings: Vec<String> = warnings.filter_map(|value| warning(value.to_str().ok()?)).collect();
            if answer.status().is_success() {
                return Ok(Tried { warnings, refused: None });
            }
            let status = answer.status();
            let limited = http_body_util::Limited::new(answer.into_body(), LARGEST_ANSWER);
            let body = http_body_util::BodyExt::collect(limited).await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            let message = said["message"].as_str().map_or_else(|| status.to_string(), one_line);
            Ok(Tried { warnings, refused: Some(message) })
        })
        .await
    }
}

/// The path of an object's collection.
fn path(resource: &str, object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let root = if version.contains('/') { "/apis" } else { "/api" };
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{resource}"),
        None => format!("{root}/{version}/{resource}"),
    }
}

/// The text of a header `Warning: 299 - "text"` (RFC 7234, section 5.5).
fn warning(value: &str) -> Option<String> {
    let quoted = value.split_once('"')?.1;
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => text.extend(characters.next()),
            character => text.push(character),
        }
    }
    Some(one_line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_warning_is_read_as_the_server_quotes_it() {
        assert_eq!(warning("299 - \"said \\\"this\\\" of 'that'\"").unwrap(), "said \"this\" of 'that'");
        assert_eq!(warning("299"), None);
    }

    #[tokio::test]
    async fn a_refusal_of_a_trial_is_an_answer() {
        let cluster = Cluster::fake(|path| {
            assert_eq!(
                path,
                "/apis/networking.istio.io/v1/namespaces/shop/gateways?dryRun=All&fieldManager=kubectl-egress"
            );
            (
                422,
                json!({"kind": "Status", "status": "Failure", "message": "denied\nby a policy"}).to_string(),
            )
        });
        let object = json!({"apiVersion": "networking.istio.io/v1", "metadata": {"namespace": "shop"}});
        let tried = cluster.try_create("gateways", &object).await.unwrap();
        assert_eq!(tried.refused.as_deref(), Some("denied by a policy"));
    }

    #[tokio::test]
    async fn a_server_without_the_kinds_has_no_policies() {
        let missing = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": "the server could not find the requested resource"});
        let cluster = Cluster::fake(move |_| (404, missing.to_string()));
        assert!(cluster.admission(AdmissionSet::Guard).await.unwrap().is_none());
    }
}

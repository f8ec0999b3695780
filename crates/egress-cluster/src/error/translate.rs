//! Translates the client library's errors into ours.
//!
//! Knows the API server's statuses, not the operation that failed.

use std::error::Error;
use std::io;

use egress_core::resource::ObjectId;
use kube::client::AuthError;
use kube::core::Status;

use super::{ClusterError, ConflictCause, one_line};

/// The error of a read.
pub(crate) fn from_kube(server: &str, error: &kube::Error) -> ClusterError {
    match error {
        kube::Error::Api(status) => from_status(status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            ClusterError::Unexpected(format!("unexpected answer from the server: {}", one_line(&root(error))))
        }
        kube::Error::Auth(auth) => ClusterError::Unauthorized(credentials(auth)),
        other => unreachable_server(server, other),
    }
}

/// The error of a write: refusals name the object.
pub(crate) fn from_write(server: &str, object: &ObjectId, error: &kube::Error) -> ClusterError {
    let kube::Error::Api(status) = error else { return from_kube(server, error) };
    let message = one_line(&status.message);
    let object = object.clone();
    if is_refusal(status) {
        return ClusterError::Rejected { object, message };
    }
    if status.is_not_found() && status.details.as_ref().is_some_and(|details| details.kind == "namespaces") {
        return ClusterError::NamespaceNotFound(object.namespace);
    }
    if status.is_conflict() || status.is_already_exists() {
        let causes = conflict_causes(status);
        return if causes.is_empty() {
            // `Operation cannot be fulfilled on serviceentries… "example-com": the object has been modified; …`
            let message = message.split_once("\": ").map_or(message.as_str(), |(_, why)| why).to_owned();
            ClusterError::Stale { object, message }
        } else {
            ClusterError::Conflict { object, causes }
        };
    }
    from_status(status)
}

fn from_status(status: &Status) -> ClusterError {
    let message = one_line(&status.message);
    match status.code {
        401 => ClusterError::Unauthorized(message),
        _ if status.is_forbidden() => ClusterError::Forbidden(message),
        code => {
            // For a response without a Kubernetes `Status`, such as plain text for an unknown path, the library makes
            // up a reason.
            let known = status.details.is_some() || !status.reason.contains(' ');
            let reason = Some(one_line(&status.reason)).filter(|reason| known && !reason.is_empty());
            ClusterError::Server { reason: reason.unwrap_or_else(|| code.to_string()), message }
        }
    }
}

/// Refusals of the object itself, not of permissions: a webhook may answer with any code, even 403.
fn is_refusal(status: &Status) -> bool {
    status.message.starts_with("admission webhook")
        || status.message.contains("ValidatingAdmissionPolicy")
        || status.is_invalid()
        || matches!(status.code, 400 | 413 | 415 | 422)
}

fn conflict_causes(status: &Status) -> Vec<ConflictCause> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| ConflictCause {
            // `conflict with "kubectl-edit" using networking.istio.io/v1`
            manager: one_line(cause.message.split('"').nth(1).unwrap_or(&cause.message)),
            field: one_line(&cause.field),
        })
        .collect()
}

fn unreachable_server(server: &str, error: &kube::Error) -> ClusterError {
    // If renewing a credential fails during a run, the error comes from the transport.
    if let Some(auth) = chain(error).find_map(|error| error.downcast_ref::<AuthError>()) {
        return ClusterError::Unauthorized(credentials(auth));
    }
    let refused = chain(error).any(|error| {
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    });
    let problem = if refused {
        format!("The connection to the server {server} was refused - did you specify the right host or port?")
    } else {
        format!("Unable to connect to the server: {}", one_line(&root(error)))
    };
    ClusterError::Unreachable { server: server.to_owned(), problem }
}

/// Why there are no credentials. Never contains the output of a credential plugin: it may be a token.
fn credentials(error: &AuthError) -> String {
    let why = match error {
        AuthError::AuthExecRun { out, .. } => format!("the credential plugin failed with {}", out.status),
        AuthError::AuthExecStart(error) => format!("the credential plugin cannot be run: {error}"),
        AuthError::AuthExecParse(_) => "the credential plugin printed no ExecCredential".to_owned(),
        other => root(other),
    };
    format!("getting credentials: {}", one_line(&why))
}

/// The message of the innermost error: the outer ones only say that something inside failed.
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

#[cfg(test)]
mod tests {
    use egress_core::role::Kind;
    use serde_json::json;

    use super::*;

    fn written(status: serde_json::Value) -> ClusterError {
        let object = ObjectId {
            kind: Kind::ServiceEntry,
            namespace: "shop".to_owned(),
            name: "example-com".to_owned(),
        };
        let status: Status = serde_json::from_value(status).unwrap();
        from_write("127.0.0.1:6443", &object, &kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn field_conflicts_carry_manager_and_field() {
        let error = written(json!({
            "code": 409, "reason": "Conflict", "message": "Apply failed with 1 conflict",
            "details": {"causes": [{
                "reason": "FieldManagerConflict", "field": ".spec.hosts",
                "message": "conflict with \"kubectl-edit\" using networking.istio.io/v1",
            }]},
        }));
        assert_eq!(
            error.to_string(),
            "serviceentry/example-com in namespace shop: conflict with \"kubectl-edit\" on .spec.hosts"
        );
    }

    #[test]
    fn a_version_conflict_is_a_stale_object() {
        let error =
            written(json!({"code": 409, "reason": "Conflict", "message": "the object has been modified"}));
        assert!(matches!(error, ClusterError::Stale { .. }), "{error:?}");
    }

    #[test]
    fn a_webhook_that_answers_403_is_a_refusal_and_no_lack_of_rights() {
        let error = written(json!({
            "code": 403, "reason": "Forbidden",
            "message": "admission webhook \"validation.istio.io\" denied the request: host is required",
        }));
        assert!(matches!(error, ClusterError::Rejected { .. }), "{error:?}");
    }

    #[test]
    fn a_write_into_a_missing_namespace_names_the_namespace() {
        let error = written(json!({
            "code": 404, "reason": "NotFound", "message": "namespaces \"shop\" not found",
            "details": {"name": "shop", "kind": "namespaces"},
        }));
        assert_eq!(error, ClusterError::NamespaceNotFound("shop".to_owned()));
    }

    #[test]
    fn what_a_credential_plugin_printed_is_never_shown() {
        let output = std::process::Command::new("sh").args(["-c", "echo secret; exit 3"]).output().unwrap();
        let error = AuthError::AuthExecRun { cmd: "plugin".to_owned(), out: Box::new(output) };
        let shown = from_kube("127.0.0.1:6443", &kube::Error::Auth(error)).to_string();
        assert!(shown.contains("failed with exit status: 3") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn unknown_credentials_are_told_in_kubectls_words() {
        let error = written(json!({"code": 401, "reason": "Unauthorized", "message": "Unauthorized"}));
        assert_eq!(error.to_string(), "You must be logged in to the server (Unauthorized)");
    }
}

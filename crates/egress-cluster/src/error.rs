//! Errors between this tool and a cluster, in kubectl's words.
//!
//! Every message is one line without control characters, whatever the server sent. The shell chooses exit code and
//! hint.

use std::time::Duration;

use egress_core::intent::GatewayName;
use egress_core::resource::ObjectId;
use thiserror::Error;

mod translate;
mod words;

pub(crate) use translate::{from_kube, from_write};
pub use words::one_line;

/// Why a request to a cluster failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClusterError {
    /// The kubeconfig, or a flag that overrides it, is incomplete or cannot be read.
    #[error("{0}")]
    Kubeconfig(String),
    /// No connection to the server.
    #[error("{problem}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What happened, as kubectl says it.
        problem: String,
    },
    /// The server does not know the user: no, wrong or expired credentials.
    #[error("You must be logged in to the server ({0})")]
    Unauthorized(String),
    /// The user lacks a permission.
    #[error("{0}")]
    Forbidden(String),
    /// The user may not read a ConfigMap with policies, so the policies are unknown.
    #[error("no permission to read the policies of this cluster: {why}")]
    PoliciesForbidden {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What the server said.
        why: String,
    },
    /// The server does not serve `networking.istio.io`.
    #[error("the server doesn't have a resource type in group \"networking.istio.io\"")]
    NoIstio,
    /// The named gateway does not exist, or its Service can have no pods.
    #[error("egress gateway {gateway}: {problem}")]
    NoGateway {
        /// Which gateway.
        gateway: GatewayName,
        /// What is wrong with it.
        problem: String,
    },
    /// A namespace does not exist.
    #[error("namespaces \"{0}\" not found")]
    NamespaceNotFound(String),
    /// Server-side apply would take fields from other managers.
    #[error("{object}: {}", words::conflicts(causes))]
    Conflict {
        /// Which object.
        object: ObjectId,
        /// The fields and who owns them.
        causes: Vec<ConflictCause>,
    },
    /// The object differs from the one that the plan saw: someone else created, changed or replaced it.
    #[error("{object}: {message}")]
    Stale {
        /// Which object.
        object: ObjectId,
        /// What the server said.
        message: String,
    },
    /// The server or an admission webhook refused the object.
    #[error("{object}: {message}")]
    Rejected {
        /// Which object.
        object: ObjectId,
        /// What the server said.
        message: String,
    },
    /// An answer took too long.
    #[error("the server {server} did not answer within {limit:?}")]
    Timeout {
        /// The server's address.
        server: String,
        /// The limit that passed.
        limit: Duration,
    },
    /// Any other answer of the server.
    #[error("Error from server ({reason}): {message}")]
    Server {
        /// The reason, such as `InternalError`.
        reason: String,
        /// What the server said.
        message: String,
    },
    /// An answer that does not have the expected form, or a proxy that does not answer.
    #[error("{0}")]
    Unexpected(String),
}

/// A field that someone else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictCause {
    /// The field manager that owns it.
    pub manager: String,
    /// The field, such as `.spec.hosts`.
    pub field: String,
}

impl ClusterError {
    /// Whether the same request by the same user would fail again.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, ClusterError::Forbidden(_))
    }

    /// Whether the server has nothing at the path.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, ClusterError::Server { reason, .. } if reason == "NotFound" || reason == "404")
    }
}

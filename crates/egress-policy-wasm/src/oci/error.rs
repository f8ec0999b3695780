//! What can go wrong between this program and a registry. No text of a registry is repeated: it is a stranger's.

use std::time::Duration;

use thiserror::Error;

use super::Reference;

/// Why a module could not be fetched.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// No connection.
    #[error("the registry {registry} cannot be reached: {problem}")]
    Unreachable {
        /// Which.
        registry: String,
        /// What happened.
        problem: String,
    },
    /// No answer, or one that does not end.
    #[error("the registry {registry} did not answer within {}", crate::words::time(*limit))]
    Slow {
        /// Which.
        registry: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// No such repository, tag or module.
    #[error("{0} does not exist in its registry, or needs a login")]
    NotFound(Reference),
    /// It wants to know who asks.
    #[error("the registry {0} wants a login, but Docker's configuration has none for it")]
    LoginNeeded(String),
    /// It does not let in who asks.
    #[error("the registry {0} does not accept the login in Docker's configuration")]
    LoginRefused(String),
    /// It wants a kind of login that is not known here.
    #[error("the registry {0} wants an unsupported kind of login; supported are Basic and Bearer")]
    LoginUnknown(String),
    /// It names a place for logins that none is sent to.
    #[error(
        "the registry {0} names a login server that gets no login: expected an https address without a user in it"
    )]
    LoginUnsafe(String),
    /// Another server wants to know who asks.
    #[error(
        "the registry {0} redirects to another server, which wants a login; a login is sent only to its own registry"
    )]
    LoginElsewhere(String),
    /// It sends to where nobody goes.
    #[error("a redirection of the registry {registry} is not followed: {problem}")]
    Redirect {
        /// Which.
        registry: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Credentials that cannot be read.
    #[error("the login for the registry {registry} cannot be read: {problem}")]
    Credentials {
        /// Which.
        registry: String,
        /// What is wrong with them.
        problem: String,
    },
    /// It limits requests for a while.
    #[error("the registry {0} answers too many requests; try again later")]
    Busy(String),
    /// Any other answer.
    #[error("the registry {registry} answered with the status {status}")]
    Status {
        /// Which.
        registry: String,
        /// The status, such as 500.
        status: u16,
    },
    /// The artifact is something else.
    #[error("{reference} is not a policy: {problem}")]
    NotAModule {
        /// Which.
        reference: Reference,
        /// What it is.
        problem: String,
    },
    /// More bytes than are read.
    #[error("the registry {registry} sent more than {}", crate::words::size(*limit))]
    TooBig {
        /// Which.
        registry: String,
        /// How many there may be.
        limit: usize,
    },
    /// Other bytes than were asked for.
    #[error("the registry {registry} sent the wrong bytes: expected {expected}, found {found}")]
    Digest {
        /// Which.
        registry: String,
        /// What was asked for.
        expected: String,
        /// What came.
        found: String,
    },
}

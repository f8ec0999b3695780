//! Reading what a registry sends: never more than was agreed on, and failures in words.

use std::error::Error;

use reqwest::Response;

use super::timeouts::TIMEOUTS;
use super::{Reference, RegistryError};

/// Reads an answer to its end, or to the limit.
pub(super) async fn body(
    mut response: Response,
    reference: &Reference,
    limit: usize,
) -> Result<Vec<u8>, RegistryError> {
    let too_big = || RegistryError::TooBig { registry: reference.registry.clone(), limit };
    if response.content_length().is_some_and(|announced| announced > limit as u64) {
        return Err(too_big());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error, reference))? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_big());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Why a request brought no answer.
pub(super) fn failed(error: &reqwest::Error, reference: &Reference) -> RegistryError {
    let registry = reference.registry.clone();
    if error.is_timeout() {
        let limit = if error.is_connect() { TIMEOUTS.connect } else { TIMEOUTS.idle };
        return RegistryError::Slow { registry, limit };
    }
    RegistryError::Unreachable { registry, problem: root(error) }
}

/// The innermost cause: the outer ones only say which layer met it.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

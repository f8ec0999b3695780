//! Which gateway a request goes through.

use thiserror::Error;

use crate::intent::GatewayName;
use crate::snapshot::{GatewayFacts, Snapshot};

/// Why there is no gateway for a request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GatewayError {
    /// Nobody said which.
    #[error("expected one egress gateway, found {}: {}", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    /// There is none, or not the one that was named.
    #[error("no egress gateway found: no Service has pods with the label `istio=egressgateway`")]
    NotFound {
        /// Another one, which exists.
        near: Option<GatewayName>,
    },
    /// Calls would get no answer.
    #[error("egress gateway {name} has no ready pod ({pods} found)")]
    NotReady {
        /// The gateway.
        name: GatewayName,
        /// How many pods it has.
        pods: usize,
    },
}

/// The named gateway, else the only one.
///
/// # Errors
/// [`GatewayError`] when it cannot be told which, or it has no pod that could carry a call.
pub fn choose<'a>(
    wanted: Option<&GatewayName>,
    snapshot: &'a Snapshot,
) -> Result<&'a GatewayFacts, GatewayError> {
    let not_found =
        || GatewayError::NotFound { near: snapshot.gateways.first().map(|gateway| gateway.name.clone()) };
    let found = match (wanted, snapshot.gateways.as_slice()) {
        (Some(wanted), _) => snapshot.gateway(wanted).ok_or_else(not_found)?,
        (None, []) => return Err(not_found()),
        (None, [only]) => only,
        (None, several) => {
            let names = several.iter().map(|gateway| gateway.name.to_string());
            return Err(GatewayError::Several(names.collect()));
        }
    };
    if !found.assumed && found.ready_pods().next().is_none() {
        return Err(GatewayError::NotReady { name: found.name.clone(), pods: found.pods.len() });
    }
    Ok(found)
}

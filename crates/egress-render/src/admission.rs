//! Policies of the API server: as a table, as lines, as a versioned document and as files for `kubectl apply`.
//!
//! Knows columns and words. What stands was decided in `egress_core::admission`.

use egress_core::admission::guard::Guard;
use egress_core::admission::{AdmissionPolicy, Enforcement, SetState, Standing};
use serde_json::{Value, json};

use crate::document::API_VERSION;
use crate::error::RenderError;
use crate::table::Table;

/// The name of a policy as kubectl writes it.
pub fn policy_name(name: &str) -> String {
    format!("validatingadmissionpolicy.admissionregistration.k8s.io/{name}")
}

/// The name of a binding as kubectl writes it.
pub fn binding_name(name: &str) -> String {
    format!("validatingadmissionpolicybinding.admissionregistration.k8s.io/{name}")
}

/// How far each policy stands, as kubectl's table.
pub fn table(standings: &[Standing]) -> String {
    let mut table = Table::new(vec!["NAME", "POLICY", "BINDING"]);
    for standing in standings {
        table.push(vec![
            standing.name.clone(),
            standing.policy.word().to_owned(),
            standing.binding.word().to_owned(),
        ]);
    }
    table.render(true)
}

/// The document `EgressGuard`.
pub fn document(guard: &Guard, standings: &[Standing]) -> Value {
    let gateways: Vec<String> = guard.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
    let items: Vec<Value> = standings
        .iter()
        .map(|standing| {
            json!({
                "name": standing.name,
                "policy": standing.policy.word(),
                "binding": standing.binding.word(),
            })
        })
        .collect();
    json!({
        "apiVersion": API_VERSION,
        "kind": "EgressGuard",
        "state": SetState::of(standings).word(),
        "gateways": gateways,
        "endpointWriters": guard.endpoint_writers,
        "items": items,
    })
}

/// The document `EgressGuard` after the guard was taken away, or would be: `deleted` are the objects by name.
pub fn undone(deleted: &[String]) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "EgressGuard",
        "state": SetState::Absent.word(),
        "gateways": [],
        "endpointWriters": [],
        "items": [],
        "deleted": deleted,
    })
}

/// The objects of policies in the order of writing: every policy before every binding.
///
/// # Errors
/// [`RenderError::Json`] when an object cannot be written.
pub fn objects(policies: &[AdmissionPolicy], enforcement: Enforcement) -> Result<Vec<Value>, RenderError> {
    let mut objects = Vec::new();
    for policy in policies {
        objects.push(serde_json::to_value(policy.policy())?);
    }
    for policy in policies {
        objects.push(serde_json::to_value(policy.binding(enforcement))?);
    }
    Ok(objects)
}

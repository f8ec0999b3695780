//! The pods that can leave without passing a gateway: as a table, and as a versioned document.
//!
//! Knows columns only. Who can leave and why was decided in `egress_diagnose::bypass`.

use egress_diagnose::bypass::{Bypass, BypassReason};
use serde_json::Value;

use crate::error::RenderError;
use crate::table::Table;

/// The pods as kubectl's table, by namespace; no text at all where nobody can leave.
pub fn table(bypass: &Bypass, header: bool) -> String {
    let mut table = Table::new(vec!["NAMESPACE", "CALLS", "WORKLOAD", "PODS", "WHY", "NETWORKPOLICY"]);
    for namespace in &bypass.namespaces {
        for row in &namespace.rows {
            let why: Vec<String> = row.why.iter().map(BypassReason::to_string).collect();
            table.push(vec![
                namespace.namespace.clone(),
                if namespace.calls { "yes" } else { "no" }.to_owned(),
                row.workload.to_string(),
                row.pods.to_string(),
                why.join("; "),
                row.network_policy.to_string(),
            ]);
        }
    }
    table.render(header)
}

/// The same as a versioned document.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold it, which its types rule out.
pub fn document(bypass: &Bypass) -> Result<Value, RenderError> {
    Ok(serde_json::to_value(bypass)?)
}

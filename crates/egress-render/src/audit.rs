//! What an audit found: as a table, and as a versioned document.
//!
//! Knows columns and words. What would be refused was decided in `egress_policy::audit`.

use egress_core::related_resources::ExportFacts;
use egress_policy::audit::{Audit, AuditRow};
use egress_policy::report::Status;
use serde_json::{Value, json};

use crate::document::API_VERSION;
use crate::error::RenderError;
use crate::table::Table;

/// The rows as kubectl's table, and a line that sums them up; without rows the line alone.
pub fn text(audit: &Audit) -> String {
    let mut table =
        Table::new(vec!["NAMESPACE", "HOST", "PORT", "MADE-BY", "RESULT", "POLICY", "CODE", "MESSAGE"]);
    for row in &audit.rows {
        table.push(vec![
            row.namespace.clone(),
            row.host.clone(),
            row.port.map(|port| port.to_string()).unwrap_or_default(),
            if row.managed { "kubectl-egress" } else { "others" }.to_owned(),
            result(row).to_owned(),
            row.by.as_ref().map(ToString::to_string).unwrap_or_default(),
            row.code.clone(),
            match &row.object {
                Some(object) => format!("{} ({object})", row.message),
                None => row.message.clone(),
            },
        ]);
    }
    table.render(true)
}

/// One line: how many egresses were asked about, and how many would be refused.
pub fn summary(audit: &Audit) -> String {
    let egresses = match audit.egresses {
        1 => "1 egress".to_owned(),
        count => format!("{count} egresses"),
    };
    match audit.refused {
        0 => format!("{egresses}: current policies deny none of them"),
        refused => format!("{egresses}: current policies would deny {refused}"),
    }
}

/// The document `EgressAudit`, with what is wrong with the exported policy of the API server.
///
/// # Errors
/// [`RenderError::Json`] when a row cannot be written.
pub fn document(audit: &Audit, export: &ExportFacts) -> Result<Value, RenderError> {
    Ok(json!({
        "apiVersion": API_VERSION,
        "kind": "EgressAudit",
        "egresses": audit.egresses,
        "refused": audit.refused,
        "notJudged": audit.unjudged,
        "exportedPolicy": serde_json::to_value(export)?,
        "items": serde_json::to_value(&audit.rows)?,
    }))
}

fn result(row: &AuditRow) -> &'static str {
    match row.status {
        Status::Allowed => "warning",
        Status::Denied => "denied",
        Status::Undecided => "undecided",
    }
}

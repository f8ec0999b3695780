//! The settings of the rules.

use crate::policy::answer::{Finding, Severity};

pub(super) fn parse(settings: &str) -> Result<(), Vec<Finding>> {
    let finding = Finding {
        code: "settings".to_owned(),
        severity: Severity::Deny,
        message: format!("not written yet: {settings}"),
        path: None,
        remediation: None,
        docs: None,
        evidence: std::collections::BTreeMap::new(),
    };
    Err(vec![finding])
}

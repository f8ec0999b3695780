//! Findings, written in one line: what it is, where, and what to do.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Finding, Label, Severity, Step};

impl Finding {
    /// A finding that denies.
    pub fn deny(code: &str, message: impl Into<String>) -> Self {
        Finding::of(Severity::Deny, code, message.into())
    }

    /// A finding that should be looked at.
    pub fn warn(code: &str, message: impl Into<String>) -> Self {
        Finding::of(Severity::Warn, code, message.into())
    }

    /// A finding that is good to know.
    pub fn info(code: &str, message: impl Into<String>) -> Self {
        Finding::of(Severity::Info, code, message.into())
    }

    fn of(severity: Severity, code: &str, message: String) -> Self {
        Finding {
            code: code.into(),
            severity,
            message,
            path: None,
            remediation: None,
            docs: None,
            evidence: Vec::new(),
        }
    }

    /// Where in the request, such as `destinations[0].host`.
    pub fn path(&mut self, path: impl Into<String>) -> &mut Self {
        self.path = Some(path.into());
        self
    }

    /// What to type or whom to ask.
    pub fn remediation(&mut self, remediation: impl Into<String>) -> &mut Self {
        self.remediation = Some(remediation.into());
        self
    }

    /// Where to read more.
    pub fn docs(&mut self, docs: impl Into<String>) -> &mut Self {
        self.docs = Some(docs.into());
        self
    }

    /// What it is based on.
    pub fn evidence(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.evidence.push(Label::new(key, value));
        self
    }
}

impl Step {
    /// One line of an explanation.
    pub fn new(rule: &str, outcome: &str, detail: impl Into<String>) -> Self {
        Step { rule: rule.into(), outcome: outcome.into(), detail: detail.into() }
    }
}

//! Expected findings: a code, and any other fields that the case compares.

use egress_policy::answer::{Finding, Severity};
use serde::Deserialize;

use super::pattern::Pattern;

/// One expected finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectedFinding {
    code: String,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    path: Option<Pattern>,
    #[serde(default)]
    message: Option<Pattern>,
    #[serde(default)]
    remediation: Option<Pattern>,
    #[serde(default)]
    docs: Option<Pattern>,
}

/// Pairs expected with real findings, and lists those without a partner.
pub fn compare(expected: &[ExpectedFinding], found: &[&Finding]) -> Vec<String> {
    let mut open: Vec<&Finding> = found.to_vec();
    let mut problems = Vec::new();
    for expected in expected {
        if let Some(index) = open.iter().position(|finding| expected.differences(finding).is_empty()) {
            open.remove(index);
        } else if let Some(index) = open.iter().position(|finding| finding.code == expected.code) {
            let found = open.remove(index);
            problems.extend(expected.differences(found));
        } else {
            problems.push(format!("findings: expected {}, found none", expected.code));
        }
    }
    problems.extend(open.into_iter().map(|finding| {
        format!("findings: unexpected {} ({}): {}", finding.code, finding.severity, finding.message)
    }));
    problems
}

impl ExpectedFinding {
    fn differences(&self, found: &Finding) -> Vec<String> {
        let mut differences = Vec::new();
        if self.code != found.code {
            return vec![format!("findings: expected {}, found {}", self.code, found.code)];
        }
        if let Some(expected) = self.severity
            && expected != found.severity
        {
            differences.push(format!(
                "findings: {}: severity: expected {expected}, found {}",
                self.code, found.severity
            ));
        }
        let texts = [
            ("path", &self.path, found.path.as_deref()),
            ("message", &self.message, Some(found.message.as_str())),
            ("remediation", &self.remediation, found.remediation.as_deref()),
            ("docs", &self.docs, found.docs.as_deref()),
        ];
        for (field, expected, found) in texts {
            let Some(expected) = expected else { continue };
            if !found.is_some_and(|found| expected.matches(found)) {
                let found = found.map_or("none".to_owned(), |found| format!("`{found}`"));
                differences
                    .push(format!("findings: {}: {field}: expected {expected}, found {found}", self.code));
            }
        }
        differences
    }
}

//! Settings held against the JSON Schema that a module brings.
//!
//! The module itself is asked only about what a schema cannot say.

use egress_core::policy::answer::{Fault, Finding, Severity};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// The code of a schema that is no schema.
const BROKEN: &str = "invalid-schema";
/// The code of settings that the schema refuses: the same that policies use for settings they cannot read.
const REFUSED: &str = "invalid-settings";

/// What the schema has against the settings, both as JSON; without a schema nothing.
pub(crate) fn check(schema: Option<&str>, settings: &str) -> Vec<Finding> {
    let Some(schema) = schema else { return Vec::new() };
    let validator = serde_json::from_str(schema)
        .map_err(|error| error.to_string())
        .and_then(|schema: Value| validator(&schema));
    let validator = match validator {
        Ok(validator) => validator,
        Err(problem) => {
            let message = format!("the schema of the settings cannot be used: {problem}");
            return vec![finding(BROKEN, message, None)];
        }
    };
    let settings: Value = serde_json::from_str(settings).unwrap_or_default();
    let findings = validator
        .iter_errors(&settings)
        .map(|error| finding(REFUSED, error.to_string(), Some(path(&error.instance_path().to_string()))));
    findings.collect()
}

/// The schema is the module's: its patterns are matched by an engine that never takes long.
fn validator(schema: &Value) -> Result<Validator, String> {
    let linear = PatternOptions::regex();
    jsonschema::options().with_pattern_options(linear).build(schema).map_err(|error| error.to_string())
}

/// `/allow/0` as paths are written in findings: `settings.allow[0]`.
fn path(pointer: &str) -> String {
    let part = |part: &str| match part.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{part}"),
    };
    format!("settings{}", pointer.split('/').skip(1).map(part).collect::<String>())
}

/// Whether a finding is about the schema itself.
pub(crate) fn is_broken(finding: &Finding) -> bool {
    finding.code == BROKEN
}

/// A module that could not say what it makes of settings.
pub(crate) fn unanswered(fault: &Fault) -> Finding {
    finding("unanswered", format!("asked about the settings: {fault}"), None)
}

fn finding(code: &str, message: String, path: Option<String>) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Deny,
        message,
        path,
        remediation: None,
        docs: None,
        evidence: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str =
        r#"{"type":"object","properties":{"allow":{"type":"array"}},"additionalProperties":false}"#;

    #[test]
    fn settings_that_the_schema_refuses_are_told_with_their_place() {
        let findings = check(Some(SCHEMA), r#"{"allow":"x"}"#);
        assert_eq!(findings[0].path.as_deref(), Some("settings.allow"));
        assert_eq!(findings[0].message, r#""x" is not of type "array""#);
        assert_eq!(check(Some(SCHEMA), r#"{"allow":[]}"#), []);
        assert_eq!(check(None, "{}"), []);
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        assert_eq!(check(Some("{"), "{}")[0].code, "invalid-schema");
        assert_eq!(check(Some(r#"{"type":"strange"}"#), "{}")[0].code, "invalid-schema");
    }
}

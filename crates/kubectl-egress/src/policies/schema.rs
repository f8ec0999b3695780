//! Validates settings with the JSON Schema of a module.
//!
//! A schema is untrusted code in a language without limits: a few lines can take hours and gigabytes. So a separate
//! process with limits on time and memory evaluates it. We do not limit authors to a subset of JSON Schema: the process
//! limits cover all of it, including what we did not foresee. The module itself checks only what a schema cannot
//! express.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use egress_policy::answer::{EvaluationError, Finding, Severity};
use egress_policy_wasm::child::{self, Bounds, Program};
use egress_render::escape::escape;
use jsonschema::{PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The argument with which this program checks settings in a separate process.
const CHECK: &str = "__check-settings";
/// The timeout for the process.
const TIME: Duration = Duration::from_secs(10);
/// Processor time of the process.
const SECONDS: u64 = 5;
/// Memory of the process, its program included.
const MEMORY: u64 = 1 << 30;
/// The most bytes that it reads: a schema and settings, each as JSON.
const LARGEST: u64 = 32 << 20;
/// The most bytes that it writes.
const OUTPUT: usize = 512 << 10;
/// The most errors of one schema, and the longest message.
const FINDINGS: usize = 64;
const MESSAGE: usize = 1_000;

/// The code for an invalid schema.
const BROKEN: &str = "invalid-schema";
/// The code for settings that the schema refuses: policies use the same for settings that they cannot read.
const REFUSED: &str = "invalid-settings";

/// The input of the check.
#[derive(Deserialize, Serialize)]
struct Question {
    schema: String,
    settings: String,
}

/// One error: in the settings, with its path, or in the schema itself.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Problem {
    message: String,
    path: Option<String>,
}

/// The schema's errors for the settings, both as JSON; runs a process of this program.
pub(crate) fn check(program: &Path, schema: &str, settings: &str) -> Vec<Finding> {
    let question = Question { schema: schema.to_owned(), settings: settings.to_owned() };
    let program = Program { path: program.to_owned(), arguments: vec![OsString::from(CHECK)] };
    let answer = serde_json::to_vec(&question)
        .map_err(|error| error.to_string())
        .and_then(|question| {
            let bounds = Bounds { time: TIME, output: OUTPUT };
            program.run(&question, bounds).map_err(|error| error.to_string())
        })
        .and_then(|answer| serde_json::from_slice(&answer).map_err(|error| error.to_string()));
    match answer {
        Ok(problems) => {
            let problems: Vec<Problem> = problems;
            problems.into_iter().map(told).collect()
        }
        Err(problem) => {
            let seconds = SECONDS;
            let memory = MEMORY >> 20;
            let message = format!(
                "the schema of the settings cannot be used: it was not read within {seconds} s and {memory} MiB: {problem}"
            );
            vec![finding(BROKEN, message, None)]
        }
    }
}

/// The process: limits itself, reads a schema and settings, writes the errors.
pub(crate) fn serve(input: impl Read) -> anyhow::Result<Vec<u8>> {
    child::limit_own_process(MEMORY, SECONDS)?;
    let mut text = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= LARGEST, io::Error::from(io::ErrorKind::FileTooLarge));
    let Question { schema, settings } = serde_json::from_slice(&text)?;
    Ok(serde_json::to_vec(&problems(&schema, &settings))?)
}

/// Finds the errors in this process, without limits.
fn problems(schema: &str, settings: &str) -> Vec<Problem> {
    let validator = serde_json::from_str(schema)
        .map_err(|error| error.to_string())
        .and_then(|schema: Value| validator(&schema));
    let validator = match validator {
        Ok(validator) => validator,
        Err(problem) => return vec![Problem { message: cut(&problem), path: None }],
    };
    let settings: Value = serde_json::from_str(settings).unwrap_or_default();
    let problem = |error: jsonschema::ValidationError<'_>| Problem {
        message: cut(&error.to_string()),
        path: Some(cut(&path(&error.instance_path().to_string()))),
    };
    validator.iter_errors(&settings).take(FINDINGS).map(problem).collect()
}

/// The message on one line, and cut to a readable length.
fn cut(text: &str) -> String {
    let shown = escape(text);
    match shown.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

fn told(problem: Problem) -> Finding {
    if let Some(path) = problem.path {
        return finding(REFUSED, problem.message, Some(path));
    }
    let message = format!("the schema of the settings cannot be used: {}", problem.message);
    finding(BROKEN, message, None)
}

/// The schema is untrusted: match its patterns with an engine that runs in linear time.
fn validator(schema: &Value) -> Result<Validator, String> {
    let linear = PatternOptions::regex();
    jsonschema::options().with_pattern_options(linear).build(schema).map_err(|error| error.to_string())
}

/// `/allow/0` as a path in findings: `settings.allow[0]`.
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

/// The error if a module could not check the settings.
pub(crate) fn unanswered(fault: &EvaluationError) -> Finding {
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
    use serde_json::json;

    use super::*;

    const SCHEMA: &str =
        r#"{"type":"object","properties":{"allow":{"type":"array"}},"additionalProperties":false}"#;

    #[test]
    fn settings_that_the_schema_refuses_are_told_with_their_place() {
        let found = problems(SCHEMA, r#"{"allow":"x"}"#);
        assert_eq!(found[0].path.as_deref(), Some("settings.allow"));
        assert_eq!(found[0].message, r#""x" is not of type "array""#);
        assert_eq!(problems(SCHEMA, r#"{"allow":[]}"#), []);
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        for schema in ["{", r#"{"type":"strange"}"#] {
            let finding = told(problems(schema, "{}").remove(0));
            assert_eq!(finding.code, BROKEN);
            assert!(is_broken(&finding));
        }
    }

    #[test]
    fn what_a_schema_says_is_one_short_line() {
        let schema = json!({ "const": format!("a\n\u{1b}[2Jerror: b{}", "c".repeat(100_000)) }).to_string();
        let found = problems(&schema, "{}");
        assert!(found[0].message.len() < 1_100 && found[0].message.contains("\\n"), "{found:?}");
        assert!(!found[0].message.contains(char::is_control));
    }

    #[test]
    fn not_more_is_told_than_a_person_reads() {
        let schema = json!({ "items": { "type": "string" } }).to_string();
        let settings = json!(vec![0; 10_000]).to_string();
        assert_eq!(problems(&schema, &settings).len(), FINDINGS);
    }

    /// Nothing is read from a network or a file: a schema that names one is no schema.
    #[test]
    fn what_is_elsewhere_is_not_read() {
        for elsewhere in
            ["http://127.0.0.1:1/schema.json", "https://example.com/schema.json", "file:///etc/hostname"]
        {
            for schema in [
                json!({ "$ref": elsewhere }),
                json!({ "$schema": elsewhere }),
                json!({ "properties": { "a": { "$dynamicRef": elsewhere } } }),
            ] {
                let found = problems(&schema.to_string(), r#"{"a": 1}"#);
                assert!(found.iter().any(|problem| problem.path.is_none()), "{schema}: {found:?}");
            }
        }
    }
}

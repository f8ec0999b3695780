//! Settings held against the JSON Schema that a module brings.
//!
//! A schema is a stranger's program in a language without limits: one of a few lines can take hours and gigabytes. So it is
//! read in a process of its own, which may take so much and no more. Not a subset of our own: authors use what JSON Schema
//! has, and a process bounds all of it, also what nobody thought of. The module itself is asked only about what a schema
//! cannot say.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use egress_core::policy::answer::{Fault, Finding, Severity};
use egress_policy::child::{self, Bounds, Program};
use egress_render::escape::escape;
use jsonschema::{PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What this program is called with to check settings in a process of its own.
const CHECK: &str = "__check-settings";
/// How long the process is waited for.
const TIME: Duration = Duration::from_secs(10);
/// Processor time of the process.
const SECONDS: u64 = 5;
/// Memory of the process, its program included.
const MEMORY: u64 = 1 << 30;
/// Bytes that it reads: a schema and settings, each as a text in JSON.
const LARGEST: u64 = 32 << 20;
/// Bytes that it writes.
const OUTPUT: usize = 512 << 10;
/// What is told of one schema, and how long each may be.
const FINDINGS: usize = 64;
const MESSAGE: usize = 1_000;

/// The code of a schema that is no schema.
const BROKEN: &str = "invalid-schema";
/// The code of settings that the schema refuses: the same that policies use for settings they cannot read.
const REFUSED: &str = "invalid-settings";

/// What is to be checked.
#[derive(Deserialize, Serialize)]
struct Question {
    schema: String,
    settings: String,
}

/// One thing that is wrong: with a place in the settings, or with the schema itself.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Problem {
    message: String,
    path: Option<String>,
}

/// What the schema has against the settings, both as JSON; found out by a process of this program.
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

/// What the process does: limits itself, reads a schema and settings, writes what is wrong.
pub(crate) fn serve(input: impl Read) -> anyhow::Result<Vec<u8>> {
    child::limit_own_process(MEMORY, SECONDS)?;
    let mut text = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= LARGEST, io::Error::from(io::ErrorKind::FileTooLarge));
    let Question { schema, settings } = serde_json::from_slice(&text)?;
    Ok(serde_json::to_vec(&problems(&schema, &settings))?)
}

/// What is wrong, in this process and without limits.
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

/// On one line, and not longer than a person reads.
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

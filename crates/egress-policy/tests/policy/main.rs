//! What policies come to, case by case: each directory of `tests/policy/<topic>` holds what is configured, what is
//! answered and asked, and what it comes to.
//!
//! `SNAPSHOTS=overwrite cargo test -p egress-policy --test policy` writes down what came instead.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod config;
mod fake;
mod hosts;
mod lock;
mod naming;
mod pinning;
mod policy_set;
mod schema;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data};

/// Reads one case and says what it comes to.
type Check = fn(&Path) -> Result<String, String>;

const TOPICS: [(&str, Check); 5] = [
    ("config", config::outcome),
    ("lock", lock::outcome),
    ("hosts", hosts::outcome),
    ("naming", naming::outcome),
    ("pinning", pinning::outcome),
];

fn main() -> ExitCode {
    let mut trials = schema::trials();
    for (topic, outcome) in TOPICS {
        for case in directories(&root().join(topic)) {
            let name = format!("{topic}/{}", last(&case));
            trials.push(Trial::test(name, move || check(&case, outcome).map_err(Into::into)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(case: &Path, outcome: Check) -> Result<(), String> {
    let outcome = outcome(case)?;
    let extension = if outcome.starts_with('{') { "json" } else { "txt" };
    let expected = Data::read_from(&case.join(format!("expected.{extension}")), None);
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .try_eq(Some(&case.display()), Data::text(outcome), expected.raw())
        .map_err(|error| error.to_string())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/policy")
}

fn directories(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).expect("the directory of cases is readable");
    let paths = entries.map(|entry| entry.expect("the directory of cases is readable").path());
    let mut directories: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    assert!(!directories.is_empty(), "{} has no case", parent.display());
    directories.sort();
    directories
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file of a case.
fn read(case: &Path, file: &str) -> Result<String, String> {
    std::fs::read_to_string(case.join(file)).map_err(|error| format!("{file}: {error}"))
}

/// A value as it would be shown by `-o json`.
fn json<T: serde::Serialize>(value: &T) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}

//! A policy in Rust: cargo builds the module.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use egress_core::command::ShellCommand;
use serde_json::Value;

use super::tool::Tool;
use crate::exit::{Code, Failure};

const TOOL: Tool = Tool { language: "Rust", install: "install Rust: https://rustup.rs" };
/// The target for components.
const TARGET: &str = "wasm32-wasip2";

/// Builds, and finds the module among cargo's artifacts. cargo's other messages go to stderr.
pub(super) fn build(directory: &Path) -> Result<PathBuf, Failure> {
    require_target(directory)?;
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| TOOL.not_started("cargo", &error))?;
    let failed = |message: &str, hint: Option<&str>| Failure {
        code: Code::Failed,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    };
    if !output.status.success() {
        return Err(failed("cargo could not build the policy; what is wrong is said above", None));
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let hint = "the crate must be a cdylib: `[lib] crate-type = [\"cdylib\", \"rlib\"]`";
    messages.lines().rev().find_map(module_of).ok_or_else(|| failed("cargo made no module", Some(hint)))
}

/// Without the target, cargo only reports a missing crate `core`.
fn require_target(directory: &Path) -> Result<(), Failure> {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(directory);
    let output = command.output().map_err(|error| TOOL.not_started("rustc", &error))?;
    let library = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && library.is_dir() {
        return Ok(());
    }
    Err(Failure {
        code: Code::Failed,
        message: format!("Rust has no target {TARGET} on this machine"),
        hint: Some(format!("type `{}`", ShellCommand::new(["rustup", "target", "add", TARGET]))),
    })
}

/// The module in one message of cargo.
fn module_of(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let files = message.get("filenames")?.as_array()?;
    let mut files = files.iter().filter_map(Value::as_str).map(PathBuf::from);
    files.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

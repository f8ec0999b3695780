//! `policy build`: cargo makes the module, and it is checked.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use egress_core::command::ShellCommand;
use egress_render::document::API_VERSION;
use serde_json::{Value, json};

use super::{check, module};
use crate::commands::document;
use crate::exit::{Code, Failure};
use crate::settings::policy::build::Build;
use crate::settings::policy::file::ModuleFile;
use crate::terminal::Terminal;

/// The target that makes components.
const TARGET: &str = "wasm32-wasip2";

/// Builds and checks.
pub(super) fn run(settings: &Build, terminal: &mut Terminal) -> anyhow::Result<Code> {
    require_target(&settings.directory)?;
    let path = build(&settings.directory)?;
    let file = ModuleFile::read(&path)?;
    let module = module::load(&file, &settings.policies, terminal)?;
    let findings = check::findings(&module, None, &settings.policies);
    let text = match &settings.output {
        None => check::text(&module, &file.name, &findings),
        Some(format) => {
            let answer = json!({
                "apiVersion": API_VERSION,
                "kind": "PolicyBuild",
                "path": file.name,
                "module": module::document(&module)?,
                "findings": serde_json::to_value(&findings)?,
            });
            document::text(&answer, format)?
        }
    };
    terminal.result(&text)?;
    Ok(if findings.is_empty() { Code::Done } else { Code::Failed })
}

/// Without the target, cargo speaks of a missing crate `core`.
fn require_target(directory: &Path) -> Result<(), Failure> {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(directory);
    let output = command.output().map_err(|error| not_started("rustc", &error))?;
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

/// Builds, and finds the module among what cargo says it has made. What else cargo says goes to stderr.
fn build(directory: &Path) -> Result<PathBuf, Failure> {
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| not_started("cargo", &error))?;
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

/// The module that one message of cargo speaks of.
fn module_of(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let files = message.get("filenames")?.as_array()?;
    let mut files = files.iter().filter_map(Value::as_str).map(PathBuf::from);
    files.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

fn not_started(program: &str, error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("`{program}` was not found: a policy in Rust is built by it"),
        _ => format!("`{program}` could not be started: {error}"),
    };
    Failure { code: Code::Failed, message, hint: Some("install Rust: https://rustup.rs".to_owned()) }
}

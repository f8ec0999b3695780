//! Runs `add --dry-run=client -o yaml` and compares what it prints.

use std::fs;
use std::path::Path;
use std::time::Duration;

use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::cmd::Command;
use snapbox::{Assert, Data};

/// No case speaks to a cluster, so none takes long; a hanging one fails.
const LIMIT: Duration = Duration::from_secs(20);
/// The only value that two equal requests do not share.
const TIME: &str = "kubectl-egress.github.io/added-at: ";

/// Whether the arguments of a directory become the objects that stand beside them.
pub(crate) fn check(directory: &Path) -> Result<(), String> {
    let line = fs::read_to_string(directory.join("args")).map_err(|error| format!("args: {error}"))?;
    let layout = directory.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let objects = objects(&format!("{line} --layout {layout}"))?;
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .try_eq(Some(&line), Data::text(objects), Data::read_from(&directory.join("expected.yaml"), None))
        .map_err(|error| error.to_string())
}

/// The objects that `add` writes for these arguments, as YAML.
pub(crate) fn objects(arguments: &str) -> Result<String, String> {
    let words = shlex::split(arguments).ok_or("args: an open quote")?;
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"))
        .arg("add")
        .args(words)
        .args(["--dry-run=client", "-o", "yaml"])
        .env_clear()
        .env("HOME", home.path())
        .timeout(LIMIT)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(without_time).collect())
}

fn without_time(line: &str) -> String {
    match line.split_once(TIME) {
        Some((indent, _)) => format!("{indent}{TIME}[TIME]\n"),
        None => format!("{line}\n"),
    }
}

//! The bill of materials: every crate that is in the program, its version, licence and digest, as CycloneDX.
//!
//! Knows the tool that reads it off the lock file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use super::reproducible;
use crate::{tool::Tool, workspace};

const CARGO_CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9", options: &["--debug"] };
const NAME: &str = "kubectl-egress.cdx";

/// Writes it and returns its path.
///
/// # Errors
/// The tool cannot be installed, or wrote nothing.
pub(super) fn write(folder: &Path) -> anyhow::Result<PathBuf> {
    let tool = CARGO_CYCLONEDX.install()?;
    let package = workspace::root().join("crates/kubectl-egress");
    let mut command = Command::new(tool);
    command.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps", "--quiet"]);
    command.args(["--override-filename", NAME, "--manifest-path"]).arg(package.join("Cargo.toml"));
    command.current_dir(workspace::root()).envs(reproducible::environment()?);
    let output = command.output().context("running cargo cyclonedx")?;
    ensure!(output.status.success(), "cargo cyclonedx: {}", String::from_utf8_lossy(&output.stderr).trim());
    // It writes one beside each manifest of the workspace that the program depends on.
    let written = package.join(NAME).with_extension("cdx.json");
    let place = folder.join("kubectl-egress.cdx.json");
    fs::rename(&written, &place).with_context(|| format!("expected {}", written.display()))?;
    Ok(place)
}

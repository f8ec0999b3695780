//! This repository as cargo sees it: where it lies, what it builds and where to. Knows no file in it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// What cargo knows of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct CargoMetadata {
    /// Where programs are built to.
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A crate of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<CargoTarget>,
}

/// Something that cargo builds out of a crate.
#[derive(Debug, Deserialize)]
pub(crate) struct CargoTarget {
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, …
    pub(crate) kind: Vec<String>,
}

/// The root of the repository that these tasks were built from.
pub(crate) fn root() -> PathBuf {
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR"));
    tasks.parent().unwrap_or(tasks).to_owned()
}

/// Asks cargo.
pub(crate) fn metadata() -> anyhow::Result<CargoMetadata> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().context("running cargo")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    serde_json::from_slice(&output.stdout).context("reading cargo's metadata")
}

/// The version of the plugin, as `kubectl egress version` says it, without the `v`.
pub(crate) fn version() -> anyhow::Result<String> {
    let packages = metadata()?.packages;
    let plugin = packages.into_iter().find(|package| package.name == "kubectl-egress");
    Ok(plugin.context("expected a crate kubectl-egress, found none")?.version)
}

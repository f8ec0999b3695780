//! The bill of materials: every crate that is in the program, its version, licence and digest, as CycloneDX.
//!
//! Knows the tool that reads it off the lock file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use super::{
    archive::PROGRAM,
    reproducible::{self, ROOT},
};
use crate::{tool::Tool, workspace};

const CARGO_CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9", options: &["--debug"] };
/// What the tool calls its files, and adds an ending to.
const NAME: &str = "kubectl-egress.cdx";

/// Writes it and returns its path.
///
/// # Errors
/// The tool cannot be installed, or wrote nothing.
pub(super) fn write(folder: &Path) -> anyhow::Result<PathBuf> {
    let tool = CARGO_CYCLONEDX.install()?;
    let root = workspace::root();
    let mut command = Command::new(tool);
    command.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps", "--quiet"]);
    command.args(["--override-filename", NAME]).current_dir(&root).envs(reproducible::environment()?);
    let output = command.output().context("running cargo cyclonedx")?;
    ensure!(output.status.success(), "cargo cyclonedx: {}", String::from_utf8_lossy(&output.stderr).trim());
    let file = format!("{NAME}.json");
    let mut bill = None;
    // It writes one for each crate of the workspace, beside its manifest.
    for package in workspace::metadata()?.packages {
        let written = package.manifest_path.with_file_name(&file);
        if package.name == PROGRAM {
            bill = fs::read_to_string(&written).ok();
        }
        if written.exists() {
            fs::remove_file(&written).with_context(|| format!("cannot remove {}", written.display()))?;
        }
    }
    let bill = bill.context("cargo cyclonedx wrote nothing for the program")?;
    let place = folder.join(file);
    fs::write(&place, bill.replace(&root.to_string_lossy().into_owned(), ROOT))
        .with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

//! `cargo xtask docs`: writes the documents that are made from code. Their tests know how, and fail when they are stale.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::{terminal, workspace};

/// Writes them anew.
pub fn run() -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "test",
        "--quiet",
        "--package",
        "kubectl-egress",
        "--test",
        "reference",
        "--",
        "the_reference",
    ]);
    let output = command
        .env("SNAPSHOTS", "overwrite")
        .current_dir(workspace::root())
        .output()
        .context("running cargo")?;
    let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    ensure!(output.status.success(), "docs/reference.md was not written:\n{}", words.concat());
    Ok(terminal::result("docs/reference.md")?)
}

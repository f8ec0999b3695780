//! `cargo xtask docs`: writes the documents that are made from code. Their tests know how, and fail when they are stale.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::{terminal, workspace};

/// What is written, and the test that knows how: its package, its target, its name.
const DOCUMENTS: [(&str, [&str; 3]); 2] = [
    ("docs/reference.md", ["kubectl-egress", "reference", "the_reference"]),
    ("docs/checks", ["egress-diagnose", "fixtures", "every_check_has_its_page"]),
];

/// Writes them anew.
pub fn run() -> anyhow::Result<()> {
    for (document, [package, target, test]) in DOCUMENTS {
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--quiet", "--package", package, "--test", target, "--", test]);
        let output = command
            .env("SNAPSHOTS", "overwrite")
            .current_dir(workspace::root())
            .output()
            .context("running cargo")?;
        let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        ensure!(output.status.success(), "{document} was not written:\n{}", words.concat());
        terminal::result(document)?;
    }
    Ok(())
}

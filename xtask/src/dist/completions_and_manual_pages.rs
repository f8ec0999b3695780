//! The completions and manual pages of a release archive.
//!
//! Knows the example that writes them, since only the program's own crate knows its command line.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};

use super::archive::Content;
use crate::{terminal, workspace};

/// Writes them to a folder and returns them.
///
/// # Errors
/// The example does not compile or does not run.
pub(super) fn write(folder: &Path) -> anyhow::Result<Vec<Content>> {
    terminal::progress("writing manual pages and completions …");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--locked", "--example", "completions_and_manual_pages", "--"]);
    let status = cargo.arg(folder).current_dir(workspace::root()).status().context("running cargo")?;
    ensure!(status.success(), "manual pages and completions were not written");
    let mut contents = Vec::new();
    for part in fs::read_dir(folder)? {
        let part = part?;
        for file in fs::read_dir(part.path())? {
            let file = file?;
            let place = format!("{}/{}", part.file_name().display(), file.file_name().display());
            contents.push(Content { place, bytes: fs::read(file.path())?, executable: false });
        }
    }
    ensure!(!contents.is_empty(), "expected manual pages in {}, found nothing", folder.display());
    Ok(contents)
}

//! The plugin as a program: built by cargo, found where cargo puts it. Knows nothing of what it does.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::{terminal, workspace};

/// How it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quickly, as for tests.
    Debug,
    /// As for users.
    Release,
}

/// Builds the plugin and returns its path.
pub(crate) fn build(profile: Profile) -> anyhow::Result<PathBuf> {
    let (folder, arguments): (_, &[&str]) = match profile {
        Profile::Debug => ("debug", &[]),
        Profile::Release => ("release", &["--release"]),
    };
    terminal::progress("building kubectl-egress …");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--package", "kubectl-egress", "--bins"]).args(arguments);
    let status =
        command.current_dir(workspace::root()).stdout(Stdio::null()).status().context("running cargo")?;
    ensure!(status.success(), "kubectl-egress does not compile");
    Ok(workspace::metadata()?.target_directory.join(folder).join("kubectl-egress"))
}

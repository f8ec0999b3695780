//! The plugin as a program: built by cargo, found where cargo puts it. Knows nothing of what it does.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use testbed::timed::timed;

use crate::workspace;

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
    let (folder, arguments, usual): (_, &[&str], _) = match profile {
        Profile::Debug => ("debug", &[], Duration::from_mins(6)),
        Profile::Release => ("release", &["--release"], Duration::from_mins(15)),
    };
    let mut command = Command::new(env!("CARGO"));
    // Of the whole workspace, as these tasks are built: then both share every dependency.
    command.args(["build", "--workspace", "--bin", "kubectl-egress"]).args(arguments);
    timed("building kubectl-egress", usual, || {
        let status =
            command.current_dir(workspace::root()).stdout(Stdio::null()).status().context("running cargo")?;
        ensure!(status.success(), "kubectl-egress does not compile");
        Ok(())
    })?;
    Ok(workspace::metadata()?.target_directory.join(folder).join("kubectl-egress"))
}

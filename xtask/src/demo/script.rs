//! Runs the steps of the demo: shows a command as one would type it, runs it on the bed, and shows what it printed.
//!
//! Knows nothing of what the steps are.

use std::{
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context as _, ensure};
use testbed::bed::Bed;

use crate::terminal;

/// Tells what comes next.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    Ok(terminal::result(format_args!("\n{text}"))?)
}

/// Remarks on what was just seen.
pub(super) fn note(text: &str) -> anyhow::Result<()> {
    Ok(terminal::result(format_args!("  → {text}"))?)
}

/// The bed with the plugin in reach of its `kubectl`.
pub(super) struct Script<'a> {
    bed: &'a Bed,
    path: OsString,
}

impl<'a> Script<'a> {
    /// For this bed, with the plugin at this path.
    pub(super) fn new(bed: &'a Bed, plugin: &Path) -> anyhow::Result<Self> {
        let folder = plugin.parent().context("the plugin lies in no folder")?;
        let others = env::var_os("PATH").unwrap_or_default();
        let folders = [bed.programs(), folder.to_owned()].into_iter().chain(env::split_paths(&others));
        Ok(Self { bed, path: env::join_paths(folders)? })
    }

    /// Shows and runs kubectl with these arguments; fails when it does.
    pub(super) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let typed = typed(arguments);
        terminal::result(format_args!("  $ {typed}"))?;
        let output = self.command(arguments).output()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in String::from_utf8_lossy(&output.stderr).lines().chain(printed.lines()) {
            terminal::result(format_args!("  {line}"))?;
        }
        ensure!(output.status.success(), "`{typed}` ended with {}", output.status);
        Ok(printed)
    }

    /// Runs kubectl without showing it.
    pub(super) fn ask(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let Output { status, stdout, stderr } = self.command(arguments).output()?;
        ensure!(status.success(), "`{}`: {}", typed(arguments), String::from_utf8_lossy(&stderr).trim());
        Ok(String::from_utf8(stdout)?)
    }

    /// The file with the authority that signed the certificates of the external services.
    pub(super) fn authority(&self) -> String {
        self.bed.external_ca().display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bed.command("kubectl");
        command.args(arguments).env("PATH", &self.path);
        command
    }
}

/// The command as one would type it.
fn typed(arguments: &[&str]) -> String {
    let plain = |argument: &str| !argument.is_empty() && !argument.contains([' ', '\\', '%', '{', '\'', '"']);
    let quoted = arguments
        .iter()
        .map(|argument| if plain(argument) { (*argument).to_owned() } else { format!("'{argument}'") });
    ["kubectl".to_owned()].into_iter().chain(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(
            typed(&["egress", "add", "--reason", "the ticker"]),
            "kubectl egress add --reason 'the ticker'"
        );
    }
}

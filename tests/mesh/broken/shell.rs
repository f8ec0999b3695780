//! The shell of a case: its commands, and those that a diagnosis printed, as somebody types them.
//!
//! Commands run in the case's folder, with `kubectl`, the plugin and `istioctl` at hand; `$SCRATCH` is a folder that lasts as
//! long as the case, `$ZONE` the file with the names of the external services, `$EXTERNAL_CA` that of the authority which signs
//! their certificates. Knows nothing of what commands do.

use std::{env, os::unix::fs::symlink, path::Path, process::Stdio};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use testbed::bed::User;

use super::{
    super::harness::{Mesh, program},
    case::{Case, Repair},
};

/// From this exit code on there was no such command.
const NO_COMMAND: i32 = 126;

pub(super) struct Shell<'a> {
    mesh: &'a Mesh,
    case: &'a Case,
    folder: &'a Path,
    scratch: TempDir,
}

impl<'a> Shell<'a> {
    pub(super) fn open(mesh: &'a Mesh, case: &'a Case, folder: &'a Path) -> anyhow::Result<Self> {
        let scratch = TempDir::new()?;
        symlink(program()?, scratch.path().join("kubectl-egress"))?;
        Ok(Self { mesh, case, folder, scratch })
    }

    /// Types commands: all of them must go well.
    pub(super) fn run(&self, commands: &str) -> anyhow::Result<()> {
        let (code, said) = self.ended(commands)?;
        ensure!(code == Some(0), "exit code {code:?} of\n{commands}\n{said}");
        Ok(())
    }

    /// Types a command that was printed. Where it is not the whole repair it only shows something, so that it may end as
    /// it likes; but there must be such a command.
    pub(super) fn fix(&self, command: &str) -> anyhow::Result<()> {
        match &self.case.repair {
            None => self.run(command).context("the printed command"),
            Some(Repair { not_run: Some(_), .. }) => Ok(()),
            Some(_) => {
                let (code, said) = self.ended(command)?;
                let exists = code.is_some_and(|code| code < NO_COMMAND);
                ensure!(exists, "exit code {code:?} of the printed {command}\n{said}");
                Ok(())
            }
        }
    }

    fn ended(&self, commands: &str) -> anyhow::Result<(Option<i32>, String)> {
        let (bed, scratch) = (self.mesh.bed(), self.scratch.path());
        let mut shell = bed.command_as(User::Admin, "sh");
        let path = shell.get_envs().find(|(key, _)| *key == "PATH").and_then(|(_, value)| value);
        let path = path.context("no PATH")?.to_owned();
        let path = env::join_paths([scratch.to_owned()].into_iter().chain(env::split_paths(&path)))?;
        shell
            .env("PATH", path)
            .env("SCRATCH", scratch)
            .env("ZONE", bed.zone_file())
            .env("EXTERNAL_CA", bed.external_ca());
        // Nobody's own policies, and no cache of another run.
        shell.env("XDG_CONFIG_HOME", scratch).env("XDG_CACHE_HOME", scratch);
        // Nobody is there to type: an editor that the case does not know of fails instead of waiting.
        shell.env("KUBE_EDITOR", self.case.editor.as_deref().unwrap_or("false"));
        shell.args(["-ec", commands]).current_dir(self.folder).stdin(Stdio::null());
        let output = shell.output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }
}

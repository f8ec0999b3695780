//! `cargo xtask krew`: the plugin as krew installs it, tried with the real krew before anybody else does.
//!
//! Knows krew's folders and commands. What krew itself does is krew's: it is built from its Go module, and so is the
//! validator that its index runs over each manifest.

mod command_line;
mod index;
pub mod manifest;
pub mod rules;
mod server;
pub mod session;

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;
use testbed::bed;

pub use self::{
    command_line::{Options, pack, run},
    index::KrewIndex,
    server::Server,
};
use crate::finish::finish;

/// krew in a home of its own: what it installs ends with this value.
#[derive(Debug)]
pub struct Krew {
    home: TempDir,
    validator: PathBuf,
}

impl Krew {
    /// Builds krew, its validator and kubectl where they are not there yet, and makes an empty home.
    ///
    /// # Errors
    /// A program cannot be built.
    pub fn new() -> anyhow::Result<Self> {
        let (krew, kubectl) = (bed::krew()?, bed::kubectl()?);
        let home = TempDir::new()?;
        // Not in krew's own folder of links: there krew takes the link for one of an old version of itself.
        let programs = home.path().join("programs");
        fs::create_dir(&programs)?;
        symlink(krew.join("krew"), programs.join("kubectl-krew"))?;
        symlink(kubectl, programs.join("kubectl"))?;
        Ok(Self { validator: krew.join("validate-krew-manifest"), home })
    }

    /// `kubectl` with krew and all that it installs on its PATH, and with nothing else that it could find.
    pub fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.home.path().join("programs/kubectl"));
        command.args(arguments);
        command
    }

    /// Runs `kubectl` and returns both its streams, one after the other.
    ///
    /// # Errors
    /// It failed; the error is what it printed.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        finish(&mut self.kubectl(arguments))
    }

    /// Runs krew's own validator: form, platforms, and an installation for each of them.
    ///
    /// # Errors
    /// The manifest breaks a rule; the error is the validator's.
    pub fn validate(&self, manifest: &Path) -> anyhow::Result<String> {
        finish(self.command(&self.validator).arg("-manifest").arg(manifest))
    }

    /// What krew wrote down of a plugin that it installed.
    ///
    /// # Errors
    /// It is not installed.
    pub fn receipt(&self, file: &str) -> anyhow::Result<String> {
        let path = self.home.path().join("krew/receipts").join(file);
        fs::read_to_string(&path).with_context(|| format!("expected {file} to be installed"))
    }

    fn command(&self, program: &Path) -> Command {
        let krew = self.home.path().join("krew");
        let system = env::var_os("PATH").unwrap_or_default();
        let own = [krew.join("bin"), self.home.path().join("programs")];
        let mut command = Command::new(program);
        command.env("HOME", self.home.path()).env("KREW_ROOT", krew).env("KREW_NO_UPGRADE_CHECK", "1");
        command
            .env("PATH", env::join_paths(own.into_iter().chain(env::split_paths(&system))).unwrap_or(system));
        command.env("KUBECONFIG", "/dev/null").current_dir(self.home.path()).stdin(Stdio::null());
        command
    }
}

//! Somebody with a home of their own, who lets the policies be loaded and asked about what there is.

use std::{
    ffi::OsStr,
    io::{Write as _, pipe},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::ensure;
use tempfile::TempDir;
use testbed::bed::User;

use crate::harness::{Ended, Mesh, Running, program};

const AUDIT: [&str; 3] = ["audit", "-n", "shop"];

/// An administrator who has never used the plugin. What they trusted goes with the value.
#[derive(Debug)]
pub(super) struct Person<'a> {
    mesh: &'a Mesh,
    home: TempDir,
}

impl<'a> Person<'a> {
    pub(super) fn new(mesh: &'a Mesh) -> anyhow::Result<Self> {
        Ok(Person { mesh, home: TempDir::new()? })
    }

    /// Where the program writes down what its user trusts.
    pub(super) fn trusted(&self) -> PathBuf {
        self.home.path().join("config/kubectl-egress/trusted-policies")
    }

    /// Where it keeps what it fetched and compiled.
    pub(super) fn cache(&self) -> PathBuf {
        self.home.path().join("cache/kubectl-egress/policy")
    }

    /// Loads the policies, in a pipeline.
    pub(super) fn audit(&self, more: &[&str]) -> anyhow::Result<Ended> {
        let mut command = self.command(program()?);
        command.args(AUDIT).args(more).stdin(Stdio::null());
        Running::start(command)?.end()
    }

    /// The same, and it ends with this code, has no result, and says each of these words.
    pub(super) fn is_refused(&self, more: &[&str], code: i32, words: &[&str]) -> anyhow::Result<()> {
        let ended = self.audit(more)?;
        ensure!(ended.stdout.is_empty(), "expected no result, found {}", ended.stdout);
        ended.expect(code, words)
    }

    /// Loads the policies at a terminal and types this. It ends with this code and has shown each of these words.
    pub(super) fn answers(&self, typed: &str, code: i32, words: &[&str]) -> anyhow::Result<()> {
        let (keyboard, mut hands) = pipe()?;
        hands.write_all(typed.as_bytes())?;
        // They type no more.
        drop(hands);
        let line = format!("'{}' {}", program()?.display(), AUDIT.join(" "));
        let mut command = self.command("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).stdin(keyboard);
        let ended = Running::start(command)?.end()?;
        // A terminal shows both streams as one.
        let shown = ended.stdout;
        ensure!(ended.code == code, "expected exit code {code}, found {}: {shown}", ended.code);
        for words in words {
            ensure!(shown.contains(words), "expected {words:?} on the terminal, found {shown}");
        }
        Ok(())
    }

    /// Nothing was compiled and nothing trusted.
    pub(super) fn keeps_nothing(&self) -> anyhow::Result<()> {
        ensure!(!self.cache().exists(), "there is a cache");
        ensure!(!self.trusted().exists(), "there is a trust file");
        Ok(())
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.mesh.bed().command_as(User::Admin, program);
        let home = self.home.path();
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_CACHE_HOME", home.join("cache"));
        command
    }
}

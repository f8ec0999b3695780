//! An index of plugins of our own: a git repository with a folder `plugins`, as krew clones it.
//!
//! Knows git, and nothing of manifests.

use std::{fs, process::Command};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::finish::finish;

/// A repository that ends with this value.
#[derive(Debug)]
pub struct KrewIndex(TempDir);

impl KrewIndex {
    /// An index without plugins. As in this repository, its folder has other things as well: krew looks at manifests only.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn new() -> anyhow::Result<Self> {
        let index = Self(TempDir::new()?);
        let policy = index.0.path().join("plugins/a-policy");
        fs::create_dir_all(&policy)?;
        fs::write(policy.join("Cargo.toml"), "[package]\n")?;
        index.git(&["init", "--quiet", "--initial-branch", "main"])?;
        Ok(index)
    }

    /// Adds a manifest, or replaces it.
    ///
    /// # Errors
    /// It cannot be written or committed.
    pub fn publish(&self, file: &str, manifest: &str) -> anyhow::Result<()> {
        fs::write(self.0.path().join("plugins").join(file), manifest)?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", file])
    }

    /// What `kubectl krew index add` takes.
    pub fn address(&self) -> String {
        format!("file://{}", self.0.path().display())
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let author =
            ["-c", "user.name=index", "-c", "user.email=index@example.com", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).args(author).args(arguments);
        finish(&mut command).map(drop).context("an index of plugins is a git repository")
    }
}

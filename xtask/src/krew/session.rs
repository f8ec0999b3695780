//! The steps of installing, upgrading and removing the plugin with krew; `kubectl egress version` shows that each worked.
//!
//! Returns the commands and their output. Knows nothing of how archives are made.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::{Krew, KrewIndex, Server, manifest};
use crate::dist::archive::Archive;

/// A plugin to install: its name, its version, and the archive for this machine.
#[derive(Debug, Clone, Copy)]
pub struct Plugin<'a> {
    /// For krew and kubectl.
    pub name: &'a str,
    /// Without the `v`.
    pub version: &'a str,
    /// The archive for this machine.
    pub archive: &'a Archive,
}

impl Plugin<'_> {
    /// Its manifest, with the archive on loopback.
    ///
    /// # Errors
    /// As [`manifest::render`].
    pub fn manifest(&self, server: &Server) -> anyhow::Result<String> {
        manifest::render(self.name, self.version, &server.url(), std::slice::from_ref(self.archive))
    }

    fn folder(&self) -> anyhow::Result<&Path> {
        self.archive.path.parent().context("an archive lies in a folder")
    }
}

/// A manifest in a file, and the server of its archive; both end with this value.
struct Offer {
    file: PathBuf,
    _folder: TempDir,
    _server: Server,
}

impl Offer {
    fn of(plugin: Plugin<'_>) -> anyhow::Result<Self> {
        let (folder, server) = (TempDir::new()?, Server::start(plugin.folder()?.to_owned())?);
        let file = folder.path().join(manifest::file_name(plugin.name));
        fs::write(&file, plugin.manifest(&server)?)?;
        Ok(Self { file, _folder: folder, _server: server })
    }
}

/// A krew, and the commands that ran in it so far.
#[derive(Debug)]
pub struct Session {
    krew: Krew,
    transcript: Vec<String>,
}

impl Session {
    /// Begins with an empty krew.
    ///
    /// # Errors
    /// As [`Krew::new`].
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { krew: Krew::new()?, transcript: Vec::new() })
    }

    /// The krew, for other commands.
    pub fn krew(&self) -> &Krew {
        &self.krew
    }

    /// The commands and their output.
    pub fn transcript(&self) -> String {
        self.transcript.join("\n")
    }

    /// Runs a command and returns what it printed.
    ///
    /// # Errors
    /// The command failed.
    pub fn step(&mut self, arguments: &[&str]) -> anyhow::Result<String> {
        let printed = self.krew.run(arguments)?;
        self.transcript.push(format!("$ kubectl {}\n{}", arguments.join(" "), printed.trim_end()));
        Ok(printed)
    }

    /// The validator of krew's index, which installs for each platform.
    ///
    /// # Errors
    /// It refused the manifest.
    pub fn validate(&mut self, plugin: Plugin<'_>) -> anyhow::Result<()> {
        let offer = Offer::of(plugin)?;
        let said = self.krew.validate(&offer.file)?;
        ensure!(said.contains("spec.platforms installed fine"), "expected an installation, found {said}");
        let file = manifest::file_name(plugin.name);
        self.transcript.push(format!("$ validate-krew-manifest -manifest {file}\nvalid"));
        Ok(())
    }

    /// From a manifest and an archive on the disk, without any index.
    ///
    /// # Errors
    /// krew refused, or the installed plugin does not answer.
    pub fn from_archive(&mut self, plugin: Plugin<'_>) -> anyhow::Result<()> {
        let offer = Offer::of(plugin)?;
        let manifest = format!("--manifest={}", offer.file.display());
        let archive = format!("--archive={}", plugin.archive.path.display());
        self.step(&["krew", "install", &manifest, &archive])?;
        self.answers(plugin.name)
    }

    /// From an index of our own: installation, an upgrade to a second version, and the end.
    ///
    /// # Errors
    /// krew refused a step, or the installed plugin does not answer after it.
    pub fn from_index(&mut self, old: Plugin<'_>, new: Plugin<'_>) -> anyhow::Result<()> {
        let server = Server::start(old.folder()?.to_owned())?;
        let index = KrewIndex::new()?;
        let file = manifest::file_name(old.name);
        index.publish(&file, &old.manifest(&server)?)?;
        self.step(&["krew", "index", "add", "own", &index.address()])?;
        self.step(&["krew", "install", &format!("own/{}", old.name)])?;
        self.is_installed(old)?;

        index.publish(&file, &new.manifest(&server)?)?;
        self.step(&["krew", "update"])?;
        self.step(&["krew", "upgrade", old.name])?;
        self.is_installed(new)?;

        self.step(&["krew", "uninstall", old.name])?;
        let gone = self.krew.kubectl(&[old.name, "version"]).output()?;
        ensure!(!gone.status.success(), "expected no plugin after its end, but it answers");
        self.step(&["krew", "index", "remove", "own"]).map(drop)
    }

    /// krew writes down what it installed; its list has no versions where nobody looks.
    fn is_installed(&mut self, plugin: Plugin<'_>) -> anyhow::Result<()> {
        let listed = self.step(&["krew", "list"])?;
        ensure!(listed.contains(plugin.name), "expected {} in the list, found {listed}", plugin.name);
        let receipt = self.krew.receipt(&manifest::file_name(plugin.name))?;
        let version = format!("version: v{}\n", plugin.version);
        ensure!(receipt.contains(&version), "expected {}, found {receipt}", version.trim());
        self.answers(plugin.name)
    }

    fn answers(&mut self, name: &str) -> anyhow::Result<()> {
        let version = self.step(&[name, "version"])?;
        ensure!(version.starts_with("kubectl-egress v"), "expected a version, found {version}");
        Ok(())
    }
}

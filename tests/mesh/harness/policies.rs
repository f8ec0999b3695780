//! The cluster's ConfigMap of policies, as an organisation writes, locks, rolls out and changes it.
//!
//! Knows nothing of what the policies say.

use std::{fs, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use super::Mesh;

const NAME: &str = "kubectl-egress-policy";
const NAMESPACE: &str = "istio-system";
const CONFIGURATION: &str = "egress-policy.yaml";

/// Policies in the cluster's ConfigMap; they go when this is dropped.
#[derive(Debug)]
pub(crate) struct Configured<'a> {
    mesh: &'a Mesh,
}

/// A directory that becomes the ConfigMap, as the documentation has it: every file is a key.
#[derive(Debug)]
pub(crate) struct Directory(TempDir);

impl<'a> Configured<'a> {
    /// The built-in rules under the name `baseline`.
    pub(crate) fn rules(mesh: &'a Mesh, rest: &str) -> anyhow::Result<Self> {
        Directory::new(&rules("baseline", rest))?.roll_out(mesh)
    }

    /// Other rules.
    pub(crate) fn replace(&self, rest: &str) -> anyhow::Result<()> {
        self.put(&Directory::new(&rules("baseline", rest))?)
    }

    /// What the directory has now, and nothing else.
    pub(crate) fn put(&self, directory: &Directory) -> anyhow::Result<()> {
        let from = format!("--from-file={}", directory.path().display());
        let make = ["create", "configmap", NAME, "--namespace", NAMESPACE, &from];
        let map = self.mesh.bed().kubectl(&[&make[..], &["--dry-run=client", "--output=json"]].concat())?;
        self.mesh.apply(&map)
    }
}

impl Drop for Configured<'_> {
    fn drop(&mut self) {
        // A ConfigMap that stays would make the next test fail, which is seen.
        let _ = self.mesh.bed().kubectl(&["delete", "configmap", NAME, "--namespace", NAMESPACE]);
    }
}

impl Directory {
    /// A directory with a configuration.
    pub(crate) fn new(configuration: &str) -> anyhow::Result<Self> {
        let directory = Directory(tempfile::tempdir()?);
        directory.write(CONFIGURATION, configuration)?;
        Ok(directory)
    }

    /// Writes one of its files.
    pub(crate) fn write(&self, key: &str, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        Ok(fs::write(self.path().join(key), content)?)
    }

    /// Reads one of its files.
    pub(crate) fn read(&self, key: &str) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.path().join(key))?)
    }

    /// Calls one of its files by another name.
    pub(crate) fn rename(&self, key: &str, other: &str) -> anyhow::Result<()> {
        Ok(fs::rename(self.path().join(key), self.path().join(other))?)
    }

    /// Writes the lock file for the modules that are there.
    pub(crate) fn lock(&self, mesh: &Mesh) -> anyhow::Result<()> {
        let file = self.path().join(CONFIGURATION);
        mesh.done(&["policy", "lock", "-f", file.to_str().context("a path that is text")?]).map(drop)
    }

    /// Makes the ConfigMap of it.
    pub(crate) fn roll_out<'a>(&self, mesh: &'a Mesh) -> anyhow::Result<Configured<'a>> {
        let configured = Configured { mesh };
        configured.put(self)?;
        Ok(configured)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A configuration with these policies.
pub(crate) fn configuration(policies: &str) -> String {
    format!("apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n{policies}\n")
}

/// A configuration with one policy of built-in rules, and what else is said of it.
pub(crate) fn rules(name: &str, rest: &str) -> String {
    configuration(&format!("- name: {name}\n  builtin: rules\n  {rest}"))
}

//! An organisation's module in other bytes: a later one, and one for interfaces that the program does not speak.

use std::fs;

use anyhow::{Context as _, ensure};
use egress_core::digest::sha256;
use xtask::plugins;

use crate::harness::{Directory, Mesh, configuration};

const KEY: &str = "acme.wasm";

/// A module that needs no settings and wants to know nothing of the cluster.
#[derive(Debug)]
pub(super) struct Module(Vec<u8>);

impl Module {
    /// The plugin `tls-only`.
    pub(super) fn built() -> anyhow::Result<Self> {
        let built = plugins::build()?.into_iter().find(|plugin| plugin.name == "tls-only");
        Ok(Module(fs::read(built.context("no tls-only")?.path)?))
    }

    /// It does the same, and is another one.
    pub(super) fn changed(&self) -> Self {
        // A custom section: its kind, its size, the size of its name, its name, and nothing in it.
        Module([&self.0[..], b"\x00\x06\x05later"].concat())
    }

    /// As if it had been built for a version of the interfaces that is not spoken here.
    pub(super) fn for_other_interfaces(&self) -> anyhow::Result<Self> {
        let (spoken, other) = (b"@0.1.0", b"@0.3.0");
        let mut bytes = self.0.clone();
        let places: Vec<_> = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(spoken)).collect();
        ensure!(!places.is_empty(), "it names no version of the interfaces");
        for place in places {
            bytes[place..place + other.len()].copy_from_slice(other);
        }
        Ok(Module(bytes))
    }

    /// Its digest.
    pub(super) fn digest(&self) -> String {
        digest(&self.0)
    }

    /// The digest of a set that has only this module.
    pub(super) fn set(&self) -> String {
        digest(self.digest().as_bytes())
    }

    /// A directory where it is the policy `acme` and is locked.
    pub(super) fn locked(&self, mesh: &Mesh) -> anyhow::Result<Directory> {
        let source = format!("- name: acme\n  source: configmap://kubectl-egress-policy/{KEY}");
        let directory = Directory::new(&configuration(&source))?;
        self.put_into(&directory)?;
        directory.lock(mesh)?;
        Ok(directory)
    }

    /// Puts it in the place of another, which stays the one that is locked.
    pub(super) fn put_into(&self, directory: &Directory) -> anyhow::Result<()> {
        directory.write(KEY, &self.0)
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

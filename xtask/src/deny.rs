//! Dependencies as `cargo deny` sees them: licences, sources, bans and advisories, by the rules of `deny.toml`.
//!
//! Knows how it is installed and asked. What is allowed stands in `deny.toml`, each exception with its reason.

use std::{path::PathBuf, process::Command};

use crate::{tool::Tool, workspace};

const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", options: &["--debug"] };

/// What needs nothing but the lock file and the registry that cargo itself uses.
pub(crate) const CHECKS: [&str; 3] = ["bans", "licenses", "sources"];

/// The workspaces with a lock file of their own whose crates reach users: the plugin, and the policies.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "plugins/Cargo.toml"];

/// The installed program.
pub(crate) struct Deny(PathBuf);

impl Deny {
    /// Installs it where it is not there.
    ///
    /// # Errors
    /// Cargo could not install it.
    pub(crate) fn install() -> anyhow::Result<Self> {
        CARGO_DENY.install().map(Self)
    }

    /// One check of one workspace.
    pub(crate) fn check(&self, manifest: &str, check: &str) -> Command {
        let mut command = self.ask(manifest);
        command.args(["check", "--hide-inclusion-graph", check]);
        command
    }

    /// Fetches the advisories, which are in a repository on the internet and not in the registry.
    pub(crate) fn fetch_advisories(&self) -> Command {
        let mut command = self.ask(MANIFESTS[0]);
        command.args(["fetch", "db"]);
        command
    }

    fn ask(&self, manifest: &str) -> Command {
        let root = workspace::root();
        let mut command = Command::new(&self.0);
        command.args(["--locked", "--manifest-path"]).arg(root.join(manifest));
        command.arg("--config").arg(root.join("deny.toml")).current_dir(root);
        command
    }
}

//! Programs of the Rust registry that some tasks need: installed once below `target/tools`, in the one version that is named.
//!
//! Knows cargo, and nothing of what the programs do.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::{terminal, workspace};

/// A program and its version.
pub(crate) struct Tool {
    /// The crate, which is the program's name as well.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Arguments of `cargo install` beyond the usual ones.
    pub(crate) options: &'static [&'static str],
}

impl Tool {
    /// The path of the program, which is built where it is not there in this version.
    ///
    /// # Errors
    /// Cargo could not be run, or could not install it.
    pub(crate) fn install(&self) -> anyhow::Result<PathBuf> {
        let &Self { name, version, options } = self;
        let folder = workspace::root().join("target/tools").join(format!("{name}-{version}"));
        let program = folder.join("bin").join(name);
        if program.is_file() {
            return Ok(program);
        }
        terminal::progress(format_args!("installing {name} {version} (some minutes, once)"));
        let mut install = Command::new(env!("CARGO"));
        install.args(["install", "--quiet", name, "--version", version, "--locked"]).args(options);
        install.arg("--root").arg(&folder).stdin(Stdio::null()).stdout(Stdio::null());
        let status = install.status().context("running cargo install")?;
        ensure!(status.success(), "{name} {version} could not be installed");
        Ok(program)
    }
}

//! `cargo xtask sweep`: a change is killed, or its answer fails, at each of its requests, and the next command makes it whole.
//!
//! Runs the tests of `tests/mesh/sweep` over more than the test command does, and makes a table of their figures. Knows
//! nothing of how they work.

use std::{fs, process::Command};

use anyhow::ensure;
use clap::Args;
use tempfile::NamedTempFile;

use crate::{
    page,
    plugin::{self, Profile},
    terminal, workspace,
};

const PAGE: &str = "docs/reliability.md";
const HEAD: &str = "\
| change | fault | points tried | left half done | mixed in the end | left directly |
|---|---|---:|---:|---:|---:|
";

/// How much to sweep.
#[derive(Debug, Args)]
pub struct Options {
    /// Kill at every request, not at writes only: some hours
    #[arg(long)]
    requests: bool,
    /// Write the table into docs/reliability.md
    #[arg(long)]
    write: bool,
}

/// Sweeps, and prints the table.
pub fn run(options: &Options) -> anyhow::Result<()> {
    plugin::build(Profile::Debug)?;
    let table = NamedTempFile::new()?;
    let status = Command::new(env!("CARGO"))
        .args(["test", "-p", "xtask", "--test", "mesh", "--", "sweep::"])
        .env("SWEEP", if options.requests { "requests" } else { "writes" })
        .env("SWEEP_TABLE", table.path())
        .current_dir(workspace::root())
        .status()?;
    let text = HEAD.to_owned() + &fs::read_to_string(table.path())?;
    terminal::result(text.trim_end())?;
    ensure!(status.success(), "the sweep failed");
    if options.write {
        page::replace(&workspace::root().join(PAGE), "sweep", &text)?;
    }
    Ok(())
}

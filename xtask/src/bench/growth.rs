//! `cargo xtask bench growth`: how the time of one command grows with its hosts, beside kubectl with the same objects.
//!
//! Knows no cluster: what grows here is the work of the program itself. Proven changes are measured in `hosts`.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use clap::{Args, value_parser};
use tempfile::TempDir;
use testbed::bed;

use super::{
    stopwatch::{Times, times},
    table::{Comparison, print},
};
use crate::{
    plugin::{self, Profile},
    terminal,
};

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Measure this program, such as one that `cargo xtask dist` built, instead of building a release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u16).range(1..=1000))]
    runs: u16,
}

/// What is measured here.
pub(super) struct Growth {
    /// A hundred hosts, and a thousand.
    pub(super) rows: Vec<Comparison>,
    /// How much longer the thousand take.
    pub(super) line: String,
}

/// Measures by itself, and prints the table and the growth.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let plugin = match &options.program {
        Some(program) => program.clone(),
        None => plugin::build(Profile::Release)?,
    };
    let growth = measure(&plugin, &bed::kubectl()?, usize::from(options.runs))?;
    print(&growth.rows)?;
    terminal::result("")?;
    Ok(terminal::result(growth.line)?)
}

/// Measures the plugin beside kubectl, which reads and prints the objects that the plugin makes.
pub(super) fn measure(plugin: &Path, kubectl: &Path, runs: usize) -> anyhow::Result<Growth> {
    let (few, many) = (row(plugin, kubectl, 100, runs)?, row(plugin, kubectl, 1000, runs)?);
    let growth = |few: &Times, many: &Times| many.median().as_secs_f64() / few.median().as_secs_f64();
    let line = format!(
        "growth: ten times the hosts take {:.1} times as long, kubectl takes {:.1} times as long; 100 times would be \
         quadratic",
        growth(&few.ours, &many.ours),
        growth(&few.theirs, &many.theirs),
    );
    Ok(Growth { rows: vec![few, many], line })
}

fn row(plugin: &Path, kubectl: &Path, count: u32, runs: usize) -> anyhow::Result<Comparison> {
    let mut add = Command::new(plugin);
    add.arg("add").args((0..count).map(|number| format!("host{number}.example.com")));
    add.args(["--dry-run=client", "-o", "yaml"]).env("KUBECONFIG", "/dev/null");
    let output = add.output().context("running the plugin")?;
    ensure!(output.status.success(), "add: {}", String::from_utf8_lossy(&output.stderr).trim());
    let folder = TempDir::new()?;
    let file = folder.path().join("objects.yaml");
    fs::write(&file, output.stdout)?;
    // The one command that prints such objects and asks no server for their kinds.
    let mut annotate = Command::new(kubectl);
    annotate.arg0("kubectl").args(["annotate", "--local", "read=yes", "-o", "yaml", "-f"]).arg(&file);
    Ok(Comparison {
        what: format!("add of {count} hosts --dry-run=client -o yaml"),
        ours: times(&mut add, runs)?,
        peer: "kubectl annotate --local -o yaml of the same objects".to_owned(),
        theirs: times(annotate.env("KUBECONFIG", "/dev/null"), runs)?,
    })
}

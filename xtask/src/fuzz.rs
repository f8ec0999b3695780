//! `cargo xtask fuzz`: what strangers may hand to the program, made up by a machine that looks for what breaks it.
//!
//! Knows how a target is built with a stable compiler and for how long it runs. Knows nothing of what the targets do.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{terminal, workspace};

/// The targets, each a program of `fuzz/src/bin`.
pub const TARGETS: [&str; 5] = ["hosts", "reader", "checks", "bundles", "commands"];
/// What cargo-fuzz passes, as far as a stable compiler takes it: the coverage that libFuzzer steers by.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// One input may take so many seconds and MiB.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536"];

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these targets
    #[arg(value_name = "TARGET", value_parser = TARGETS)]
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
}

/// Fuzzes; an input that breaks a target is kept in `target/fuzz/crashes`, and is a failure.
pub fn run(options: &Options) -> anyhow::Result<()> {
    build()?;
    let all = TARGETS.map(str::to_owned);
    let targets = if options.targets.is_empty() { &all[..] } else { &options.targets };
    for target in targets {
        terminal::progress(format_args!("{target}: {} s …", options.seconds));
        let status = command(target, options.seconds)?.status().context("running the target")?;
        ensure!(status.success(), "{target} was broken: see target/fuzz/crashes");
        terminal::result(format_args!("{target}: nothing broke it"))?;
    }
    Ok(())
}

/// Builds every target.
pub fn build() -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    // With a target named, the flags are not for build scripts.
    command.args(["build", "--quiet", "--locked", "--release", "--target", &host()?, "--target-dir"]);
    command.arg(folder()).env("RUSTFLAGS", FLAGS).current_dir(workspace::root().join("fuzz"));
    let status = command.stdout(Stdio::null()).status().context("running cargo")?;
    ensure!(status.success(), "the fuzz targets do not compile");
    Ok(())
}

/// The program of a target, with the clusters of the tests to begin with.
pub fn command(target: &str, seconds: u32) -> anyhow::Result<Command> {
    let (found, crashes) = (folder().join("corpus").join(target), folder().join("crashes"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&crashes)?;
    let mut command = Command::new(folder().join(host()?).join("release").join(target));
    command.arg(found).arg(workspace::root().join("tests/diagnose/base"));
    command.args(LIMITS).arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/{target}-", crashes.display()));
    command.stdin(Stdio::null());
    Ok(command)
}

fn folder() -> PathBuf {
    workspace::root().join("target/fuzz")
}

/// The machine that this was compiled on, as the compiler calls it.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("running rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV: expected a line `host: …`, found none")
}

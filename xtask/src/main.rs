//! `cargo xtask …`: the entry point. Knows the names of the tasks and nothing of how they work.

use clap::{Parser, Subcommand};

/// Everything around the plugin: the test bed, the demo, tests, generated files, benchmarks.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {}
}

//! `cargo xtask …`: the entry point. Knows the names of the tasks and nothing of how they work.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use xtask::{load, world};

/// Everything around the plugin: the test bed, the demo, tests, generated files, benchmarks.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Be the world outside the mesh: an origin and a DNS server
    #[command(hide = true)]
    World {
        /// What to listen on (YAML)
        #[arg(long)]
        config: PathBuf,
    },
    /// Send requests at a fixed rate and write down what becomes of each
    #[command(hide = true)]
    Load(load::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::World { config } => world::run(&config),
        Task::Load(options) => load::run(&options),
    }
}

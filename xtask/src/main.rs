//! `cargo xtask …`: the entry point. Knows the names of the tasks and nothing of how they work.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use testbed::{external_services, load};
use xtask::{bed, bench, codegen, demo, dist, docs, fuzz, krew, oracle, plugins, sweep, test, tidy};

/// Everything around the plugin: the test bed, the demo, tests, generated files, benchmarks.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run a real Kubernetes, istiod and Envoys on this machine
    Bed(bed::Arguments),
    /// Run every check of this repository, from formatting to the real mesh
    Test(test::Options),
    /// See the main job done, on a real mesh on this machine
    Demo(demo::Options),
    /// Measure how long things take, beside kubectl
    Bench(bench::Options),
    /// Build what a release consists of
    Dist(dist::Options),
    /// Install the plugin with the real krew, from an archive and from an index
    Krew(krew::Options),
    /// Build the plugins to WebAssembly, and look at what came out
    Plugins,
    /// Look for what breaks the readers and the checks
    Fuzz(fuzz::Options),
    /// Compare our simulation of istiod with istiod's own code, call by call
    Oracle(oracle::Options),
    /// Kill changes at each request, and see that the next command makes them whole
    Sweep(sweep::Options),
    /// Check the repository's own rules
    Tidy,
    /// Write the documents that are made from code
    Docs,
    /// Generate Istio's types anew
    Codegen,
    /// Be the services outside the mesh: an origin and a DNS server
    #[command(hide = true)]
    ExternalServices {
        /// What to listen on (YAML)
        #[arg(long)]
        config: PathBuf,
    },
    /// Send requests at a fixed rate and write down what becomes of each
    #[command(hide = true)]
    Load(load::Options),
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        // Nothing sensible is left to do when stderr is closed.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    match Arguments::parse().task {
        Task::Bed(arguments) => return bed::run(&arguments),
        Task::Test(options) => return test::run(&options),
        Task::Oracle(options) => return oracle::run(&options),
        Task::Demo(options) => demo::run(&options)?,
        Task::Bench(options) => bench::run(&options)?,
        Task::Dist(options) => dist::run(&options)?,
        Task::Krew(options) => krew::run(&options)?,
        Task::Plugins => plugins::run()?,
        Task::Fuzz(options) => fuzz::run(&options)?,
        Task::Sweep(options) => sweep::run(&options)?,
        Task::Tidy => tidy::run()?,
        Task::Docs => docs::run()?,
        Task::Codegen => codegen::run()?,
        Task::ExternalServices { config } => external_services::run(&config)?,
        Task::Load(options) => load::run(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}

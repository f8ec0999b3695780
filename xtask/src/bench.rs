//! `cargo xtask bench`: how long things take, beside what people use today. Medians of several runs, as one table.
//!
//! Knows what is compared with what; how it is run is in the modules below.

mod diagnose;
mod growth;
mod hosts;
mod layouts;
mod mesh;
mod names;
mod policy;
mod program;
mod start;
mod stopwatch;
mod table;

use clap::{Args, Subcommand, value_parser};
use testbed::bed::{self, Bed, Topology};

use self::table::print;
use crate::{
    plugin::{self, Profile},
    terminal, toolchain,
};

/// How much to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    part: Option<Benchmark>,
    /// Runs of each command; twice as many of the quick ones
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u16).range(1..=1000))]
    runs: u16,
    /// Hosts to list
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=10_000))]
    hosts: u32,
}

/// One benchmark, measured alone.
#[derive(Debug, Subcommand)]
enum Benchmark {
    /// Measure what diagnose finds and costs, beside istioctl
    Diagnose(diagnose::Options),
    /// Measure how the time of add grows with its hosts, without a cluster, beside kubectl
    Growth(growth::Options),
    /// Measure add and remove of many hosts in one command, beside kubectl
    Hosts(hosts::Options),
    /// Measure the ways to a gateway at many hosts: time, memory, and requests lost when a gateway pod goes
    Layouts(layouts::Options),
    /// Measure the size and the start of the program, beside kubectl and istioctl
    Program(program::Options),
}

/// Measures everything and prints the table.
pub fn run(options: &Options) -> anyhow::Result<()> {
    match &options.part {
        Some(Benchmark::Diagnose(options)) => return diagnose::run(options),
        Some(Benchmark::Growth(options)) => return growth::run(options),
        Some(Benchmark::Hosts(options)) => return hosts::run(options),
        Some(Benchmark::Layouts(options)) => return layouts::run(options),
        Some(Benchmark::Program(options)) => return program::run(options),
        None => {}
    }
    toolchain::require_wasm()?;
    bed::check()?;
    bed::prepare()?;
    let plugin = plugin::build(Profile::Release)?;
    let bed = Bed::up("bench", &Topology::standard()?)?.guard();
    let runs = usize::from(options.runs);
    let kubectl = bed.programs().join("kubectl");
    let mut rows = start::measure(&plugin, &kubectl, 2 * runs)?;
    let policies = policy::measure(&plugin, 2 * runs)?;
    rows.extend(policies.rows);
    let growth = growth::measure(&plugin, &kubectl, runs)?;
    rows.extend(growth.rows);
    rows.extend(mesh::measure(&bed, &plugin, runs, options.hosts)?);
    print(&rows)?;
    terminal::result("")?;
    for line in policies.lines.into_iter().chain([growth.line]) {
        terminal::result(line)?;
    }
    terminal::result(names::count())?;
    Ok(())
}

//! `cargo xtask oracle`: our simulation of istiod beside istiod's own code, call by call.
//!
//! Knows which clusters are compared: fixtures, folders of others, and clusters that a machine makes. How each part works is
//! in the modules below.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

mod calls;
mod case;
mod cluster;
mod complete;
mod difference;
mod grammar;
mod judge;
mod minimise;
mod mutate;
mod random;
mod report;
mod sources;
mod workers;

use self::{
    cluster::ClusterObjects,
    complete::complete,
    report::OracleFigures,
    workers::{CaseFolder, ComparedCluster, compare_all},
};
use crate::terminal;

/// The tests make the same clusters in every run.
const SEED: u64 = 1;
/// So many of them.
const COUNT: usize = 300;

/// What to compare.
#[derive(Debug, Args)]
pub struct Options {
    /// How many clusters to make
    #[arg(long, default_value_t = COUNT, value_name = "N")]
    count: usize,
    /// What they are made of: the same number makes the same clusters
    #[arg(long, default_value_t = SEED, value_name = "N")]
    seed: u64,
    /// Leave out the fixtures, which take some minutes
    #[arg(long)]
    made_only: bool,
    /// Compare the clusters in this folder, too: each file and each folder in it is one
    #[arg(long, value_name = "DIR")]
    from: Vec<PathBuf>,
    /// How many differences to print in full
    #[arg(long, default_value_t = 5, value_name = "N")]
    show: usize,
    /// Write small clusters that show the differences to this folder, with what istiod does
    #[arg(long = "case", value_name = "DIR")]
    cases: Option<PathBuf>,
}

/// What a comparison came to.
pub(crate) struct OracleTotals {
    /// Clusters that both sides answer alike.
    pub(crate) equal: usize,
    /// All others.
    pub(crate) different: usize,
    /// How many calls were tried.
    pub(crate) calls: usize,
    /// The report.
    pub(crate) text: String,
}

/// Compares, and prints what came of it; fails where there is a difference.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let outcomes = compare(options)?;
    terminal::result(report::report(&outcomes, options.show)?.trim_end())?;
    Ok(if OracleFigures::of(&outcomes).failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares what the tests compare.
pub(crate) fn check() -> anyhow::Result<OracleTotals> {
    let options =
        Options { count: COUNT, seed: SEED, made_only: false, from: Vec::new(), show: 5, cases: None };
    let outcomes = compare(&options)?;
    let OracleFigures { clusters, calls, failed, .. } = OracleFigures::of(&outcomes);
    let text = report::report(&outcomes, options.show)?;
    Ok(OracleTotals { equal: clusters - failed, different: failed, calls, text })
}

fn compare(options: &Options) -> anyhow::Result<Vec<ComparedCluster>> {
    let mut found = sources::fixtures()?;
    let skipped = if options.made_only { found.len() } else { 0 };
    for folder in &options.from {
        found.extend(sources::folder(folder)?);
    }
    let found: Vec<ClusterObjects> = found
        .into_iter()
        .map(|cluster| ClusterObjects { objects: complete(cluster.objects), ..cluster })
        .collect();
    let there = found.len() - skipped;
    terminal::progress(format_args!(
        "comparing {there} clusters that are there, and {} made ones",
        options.count
    ));
    let make = |place: usize| match place.checked_sub(there) {
        None => found.get(place + skipped).cloned(),
        Some(made) => made_cluster(&found, options.seed, made),
    };
    let cases = options.cases.as_deref().map(CaseFolder::new);
    compare_all(there + options.count, make, cases.as_ref())
}

/// Every other one is made from nothing, and the rest from clusters that are there.
fn made_cluster(found: &[ClusterObjects], seed: u64, number: usize) -> Option<ClusterObjects> {
    let index = u64::try_from(number / 2).unwrap_or_default();
    if number.is_multiple_of(2) {
        Some(grammar::cluster(seed, index))
    } else {
        mutate::mutant(found, seed, index)
    }
}

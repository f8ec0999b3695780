//! `cargo xtask oracle`: our simulation of istiod beside istiod's own code, call by call.
//!
//! Knows which clusters are compared: fixtures, folders of others, and clusters that a machine makes. How each part works is
//! in the modules below.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

mod additions;
mod ambient;
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
mod refusals;
mod report;
mod sources;
mod workers;

use self::{
    additions::AdditionFigures,
    cluster::ClusterObjects,
    complete::complete,
    refusals::RefusalFigures,
    report::OracleFigures,
    workers::{CaseFolder, ComparedCluster, compare_all},
};
use crate::terminal;

/// The tests make the same clusters in every run.
const SEED: u64 = 1;
/// So many of them.
const COUNT: usize = 300;
/// Of so many additions one is asked of istiod's code, too.
const ISTIOD_EVERY: usize = 5;

/// So many broken objects for each made cluster.
const BROKEN: usize = 5;

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
    /// How many additions of a host to try, each in a made cluster
    #[arg(long, default_value_t = COUNT, value_name = "N")]
    additions: usize,
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
    let additions = add(options)?;
    if let Some(folder) = &options.cases {
        for found in &additions.counterexamples {
            case::write_addition(folder, found)?;
        }
    }
    let outcomes = compare(options)?;
    terminal::result(report::report(&outcomes, options.show)?.trim_end())?;
    terminal::result(additions.text(options.show)?.trim_end())?;
    let refusals = refused(options)?;
    terminal::result(refusals.text(options.show).trim_end())?;
    let holds = OracleFigures::of(&outcomes).failed == 0
        && additions.counterexamples.is_empty()
        && refusals.different.is_empty();
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares what the tests compare.
pub(crate) fn check() -> anyhow::Result<OracleTotals> {
    let options = Options {
        count: COUNT,
        seed: SEED,
        made_only: false,
        from: Vec::new(),
        show: 5,
        additions: COUNT,
        cases: None,
    };
    let additions = add(&options)?;
    let outcomes = compare(&options)?;
    let OracleFigures { clusters, calls, failed, panics, .. } = OracleFigures::of(&outcomes);
    let refusals = refused(&options)?;
    let text = format!(
        "{}\n{}\n{}",
        report::report(&outcomes, options.show)?,
        additions.text(options.show)?,
        refusals.text(options.show)
    );
    let wrong = additions.counterexamples.len() + refusals.different.len();
    let right = additions.tried() + refusals.tried - wrong;
    Ok(OracleTotals { equal: clusters - failed - panics + right, different: failed + wrong, calls, text })
}

/// Adds a host in each of the made clusters.
fn add(options: &Options) -> anyhow::Result<AdditionFigures> {
    let found = completed(options)?.clusters;
    let make = |place: usize| made_cluster(&found, options.seed, place);
    additions::try_all(options.additions, options.seed, ISTIOD_EVERY, make)
}

/// Asks both sides which objects istiod refuses: those of all fixtures, and for each made cluster some broken ones.
fn refused(options: &Options) -> anyhow::Result<RefusalFigures> {
    let found = completed(options)?.clusters;
    refusals::compare(&found, options.seed, options.count.saturating_mul(BROKEN))
}

/// The clusters that are there: fixtures first.
struct ExistingClusters {
    clusters: Vec<ClusterObjects>,
    /// How many of them are fixtures.
    fixtures: usize,
}

/// The clusters that are there, completed.
fn completed(options: &Options) -> anyhow::Result<ExistingClusters> {
    let mut found = sources::fixtures()?;
    let fixtures = found.len();
    for folder in &options.from {
        found.extend(sources::folder(folder)?);
    }
    let completed =
        |cluster: ClusterObjects| ClusterObjects { objects: complete(cluster.objects), ..cluster };
    Ok(ExistingClusters { clusters: found.into_iter().map(completed).collect(), fixtures })
}

fn compare(options: &Options) -> anyhow::Result<Vec<ComparedCluster>> {
    let ExistingClusters { clusters: found, fixtures } = completed(options)?;
    let skipped = if options.made_only { fixtures } else { 0 };
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

//! `cargo xtask test`: every check of this repository, in tiers from quick to real, and one line that sums them up.
//!
//! Knows the order of the tiers and how to tell how they went; what a tier does is in [`mod@tier`].

mod job;
mod machine;
mod preparation;
mod suites;
mod tier;
mod totals;

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::ensure;
use clap::{Args, ValueEnum as _};

use self::{
    machine::Lacking,
    preparation::Preparation,
    tier::{Tier, TierReport},
    totals::Totals,
};
use crate::{terminal, workspace};

/// Which tests to run.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these tiers, in their usual order
    #[arg(long = "tier", value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    tiers: Vec<Tier>,
}

/// Runs the tiers and prints the closing line; fails when a test failed, or was skipped where none may be.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let wanted = |tier: &Tier| options.tiers.is_empty() || options.tiers.contains(tier);
    let tiers: Vec<_> = Tier::value_variants().iter().copied().filter(wanted).collect();
    let root = workspace::root();
    let strict = env::var("CI").is_ok_and(|value| value == "true");
    // Said before anything runs: half an hour later it is of no use.
    let lacking = machine::lacking(&tiers)?;
    for Lacking { tier, what } in &lacking {
        terminal::progress(format_args!("LACKING for tier {tier}: {what}"));
    }
    ensure!(!strict || lacking.is_empty(), "with CI=true every test must run");
    // Go takes minutes over the bed's programs: it works beside the tiers that do not need them.
    let mut preparation = tiers.contains(&Tier::Mesh).then(Preparation::start);
    let mut total = Totals::default();
    let mut unreachable = 0;
    for tier in tiers {
        terminal::progress(format_args!("{tier} …"));
        let start = Instant::now();
        let report = tier.run(&root, &mut preparation);
        tell(tier, &report, start.elapsed());
        total += report.totals;
        unreachable += report.unreachable;
    }
    let may_skip = total.skipped == unreachable || !strict;
    if !may_skip {
        terminal::progress("FAILED: with CI=true every test must run");
    }
    // Nothing is said after this line.
    terminal::result(total)?;
    Ok(if total.failed == 0 && may_skip { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(tier: Tier, report: &TierReport, elapsed: Duration) {
    if let Some(reason) = &report.skipped {
        terminal::progress(format_args!("SKIPPED {tier}: {reason}"));
        return;
    }
    if report.totals.failed > 0 {
        terminal::progress(&report.output);
    }
    let verdict = if report.totals.failed > 0 { "FAILED" } else { "ok" };
    let Totals { passed, failed, .. } = report.totals;
    let seconds = elapsed.as_secs_f64();
    terminal::progress(format_args!("{tier}: {verdict}, {passed} passed, {failed} failed, {seconds:.1} s"));
}

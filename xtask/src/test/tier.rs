//! The tiers: what each runs, and how its tests are counted. Knows cargo; knows no test.

use std::{fmt, path::Path, process::Command, time::Instant};

use clap::ValueEnum;
use testbed::bed;

use super::{
    job::{self, Finished},
    preparation::{Obstacle, Preparation},
    suites,
    totals::Totals,
};
use crate::{
    deny::{self, Deny},
    fuzz, guests,
    oracle::{self, OracleTotals},
    plugins, terminal, tidy, workspace,
};

/// One kind of tests. The order is from quick to real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Tier {
    /// The code is formatted
    Fmt,
    /// The linter has nothing to say
    Clippy,
    /// The repository's own rules hold
    Tidy,
    /// Dependencies have a licence, a source and a reason, and no known hole
    Deny,
    /// Functions, as values in and values out
    Unit,
    /// Requests, and the objects they become
    Generate,
    /// Clusters as files, and what is found in them
    Diagnose,
    /// The plugins: formatted, linted, as plain Rust, and as components by their cases
    Plugins,
    /// The program, without a cluster
    Cli,
    /// What strangers may hand to it, made up by a machine for some seconds
    Fuzz,
    /// The simulation of istiod beside istiod's own code, call by call
    Oracle,
    /// The program on a real Kubernetes, istiod and Envoy
    Mesh,
    /// The plugin as the real krew installs it
    Krew,
    /// Policies in JavaScript and Python, as components; the last, since their compilers take the whole machine
    Guests,
}

/// The result of a tier.
pub(super) struct TierReport {
    pub(super) totals: Totals,
    /// Everything that was printed.
    pub(super) output: String,
    /// Why it could not run.
    pub(super) skipped: Option<String>,
    /// Skipped tests that no machine without the internet can run.
    pub(super) unreachable: usize,
}

impl Tier {
    /// Runs the tier to its end. Only the mesh and the oracle need the preparation.
    pub(super) fn run(self, root: &Path, preparation: &mut Option<Preparation>) -> TierReport {
        let cargo =
            |arguments: &[&str]| job::run(Command::new(env!("CARGO")).args(arguments).current_dir(root));
        match self {
            Self::Fmt => TierReport::of_one(cargo(&["fmt", "--all", "--check"])),
            Self::Clippy => {
                TierReport::of_one(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
            }
            Self::Tidy => tidy_report(),
            Self::Deny => deny_report(),
            Self::Unit => self.suites(root, &["--lib", "--bins"]),
            Self::Generate | Self::Diagnose => self.suites(root, &[]),
            Self::Cli => {
                // A new policy project is built without a network: of crates that plugins are made of, for every platform.
                let fetch = ["fetch", "--locked", "--manifest-path", "plugins/Cargo.toml"];
                let fetched = cargo(&fetch);
                if fetched.succeeded { self.suites(root, &[]) } else { TierReport::of_one(fetched) }
            }
            Self::Plugins => self.plugins(root),
            Self::Fuzz => fuzz_report(),
            Self::Oracle => {
                // Else both would build the program at once. What became of it is the mesh's to say: it needs more than Go.
                if let Some(preparation) = preparation {
                    let _ = preparation.wait();
                }
                oracle_report()
            }
            Self::Mesh => self.on_the_bed(root, preparation.as_mut()),
            Self::Krew => self.suites_that_start_programs(root),
            Self::Guests => guests_report(root),
        }
    }

    fn on_the_bed(self, root: &Path, preparation: Option<&mut Preparation>) -> TierReport {
        match preparation.map_or(&Ok(()), Preparation::wait) {
            Ok(()) => {}
            Err(Obstacle::Lacking(reason)) => return TierReport::skipped(&format!("{reason:#}")),
            Err(Obstacle::Broken(error)) => return TierReport::broken(error),
        }
        // The bed's tests start the plugin, and these tasks for the services outside the mesh.
        self.suites_that_start_programs(root)
    }

    /// The policies have a workspace of their own. Then their modules are asked by the program, as their authors do it.
    fn plugins(self, root: &Path) -> TierReport {
        let folder = plugins::folder();
        let cargo = |arguments: &[&str]| {
            job::run(Command::new(env!("CARGO")).arg("--quiet").args(arguments).current_dir(&folder))
        };
        let mut report = TierReport::of_one(cargo(&["fmt", "--all", "--check"]));
        report.add(&TierReport::of_one(cargo(&["clippy", "--all-targets", "--", "-D", "warnings"])));
        report.add(&TierReport::counted(cargo(&["test", "--no-fail-fast"])));
        report.add(&self.suites_that_start_programs(root));
        report
    }

    fn suites_that_start_programs(self, root: &Path) -> TierReport {
        let built = programs(root);
        if built.succeeded { self.suites(root, &[]) } else { TierReport::of_one(built) }
    }

    /// Runs the tests of all programs that belong to this tier, and those that `more` asks cargo for. Always with the
    /// whole workspace, so that all tiers share one build of every dependency.
    fn suites(self, root: &Path, more: &[&str]) -> TierReport {
        let workspace = match workspace::metadata() {
            Ok(workspace) => workspace,
            Err(error) => return TierReport::broken(&error),
        };
        let names = suites::of_tier(&workspace, self);
        if names.is_empty() && more.is_empty() {
            return TierReport::skipped("there are no tests yet");
        }
        let programs = workspace.target_directory.join("debug");
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--workspace", "--no-fail-fast"]).args(more).current_dir(root);
        command.args(names.iter().flat_map(|name| ["--test", name]));
        command.env("KUBECTL_EGRESS", programs.join("kubectl-egress")).env("XTASK", programs.join("xtask"));
        TierReport::counted(job::run(&mut command))
    }
}

impl TierReport {
    /// The report of a program that is one test by itself.
    fn of_one(Finished { succeeded, output }: Finished) -> Self {
        Self { totals: Totals::of_one(succeeded), output, skipped: None, unreachable: 0 }
    }

    /// The report of programs that say how many tests they have.
    fn counted(Finished { succeeded, output }: Finished) -> Self {
        Self { totals: Totals::read(&output, succeeded), output, skipped: None, unreachable: 0 }
    }

    /// The report of several programs that are one test each.
    fn sum(runs: impl Iterator<Item = Finished>) -> Self {
        let mut sum =
            Self { totals: Totals::default(), output: String::new(), skipped: None, unreachable: 0 };
        runs.for_each(|run| sum.add(&Self::of_one(run)));
        sum
    }

    /// Another program of the same tier.
    fn add(&mut self, other: &Self) {
        self.totals += other.totals;
        self.unreachable += other.unreachable;
        self.output.push_str(&other.output);
    }

    fn broken(error: &anyhow::Error) -> Self {
        Self::of_one(Finished { succeeded: false, output: format!("{error:#}") })
    }

    fn skipped(reason: &str) -> Self {
        let totals = Totals { skipped: 1, ..Totals::default() };
        Self { totals, output: String::new(), skipped: Some(reason.replace('\n', "; ")), unreachable: 0 }
    }
}

/// Builds the plugin and these tasks as programs. Cargo does so for the tests of their packages; asked for the programs
/// alone, it would choose other features and build most dependencies once more.
fn programs(root: &Path) -> Finished {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--workspace", "--no-run", "--test", "cli", "--test", "bed"]);
    job::run(cargo.current_dir(root))
}

/// What `policy init` writes in other languages, built and tested as its authors do it.
fn guests_report(root: &Path) -> TierReport {
    if let Some(reason) = guests::lacking() {
        return TierReport::skipped(&reason);
    }
    // The program writes the projects.
    let mut report = TierReport::of_one(programs(root));
    if report.totals.failed > 0 {
        return report;
    }
    let guests = match guests::build() {
        Ok(guests) => guests,
        Err(error) => return TierReport::broken(&error),
    };
    for guest in guests {
        let mut test = guests::program();
        test.args(["policy", "test", "--require-coverage"]).arg(guest.project.join("tests"));
        let start = Instant::now();
        report.add(&TierReport::of_one(job::run(&mut test)));
        let seconds = start.elapsed().as_secs_f64();
        terminal::progress(format_args!("  {}: {} bytes, tested in {seconds:.1} s", guest.name, guest.size));
    }
    report
}

/// Each target is one test. A machine without a C++ compiler cannot build them.
fn fuzz_report() -> TierReport {
    // All targets together take 80 s.
    const SECONDS: u32 = 16;
    if !job::run(Command::new("c++").arg("--version")).succeeded {
        return TierReport::skipped("there is no C++ compiler, which libFuzzer is built with: `c++`");
    }
    let mut format = Command::new(env!("CARGO"));
    let mut report = TierReport::of_one(job::run(
        format.args(["fmt", "--check"]).current_dir(workspace::root().join("fuzz")),
    ));
    if let Err(error) = fuzz::build() {
        report.add(&TierReport::broken(&error));
        return report;
    }
    for target in fuzz::TARGETS {
        report.add(&match fuzz::command(target, SECONDS) {
            Ok(mut command) => TierReport::of_one(job::run(&mut command)),
            Err(error) => TierReport::broken(&error),
        });
    }
    report
}

/// Each cluster is one test. istiod's code is built where the bed's programs are, and needs Go.
fn oracle_report() -> TierReport {
    if let Some(reason) = bed::go() {
        return TierReport::skipped(&reason);
    }
    match oracle::check() {
        Ok(OracleTotals { equal, different, calls, text }) => {
            terminal::progress(format_args!("  {calls} calls in {} clusters", equal + different));
            TierReport {
                totals: Totals { passed: equal, failed: different, skipped: 0 },
                output: text,
                skipped: None,
                unreachable: 0,
            }
        }
        Err(error) => TierReport::broken(&error),
    }
}

/// Each check of each workspace is one test. The advisories lie on the internet: where it cannot be reached, their test is
/// skipped, and said so.
fn deny_report() -> TierReport {
    let deny = match Deny::install() {
        Ok(deny) => deny,
        Err(error) => return TierReport::broken(&error),
    };
    let pairs = deny::MANIFESTS.iter().flat_map(|manifest| deny::CHECKS.map(|check| (manifest, check)));
    let mut report =
        TierReport::sum(pairs.map(|(manifest, check)| job::run(&mut deny.check(manifest, check))));
    let fetched = job::run(&mut deny.fetch_advisories());
    if fetched.succeeded {
        let checks = deny::MANIFESTS.iter().map(|manifest| job::run(&mut deny.check(manifest, "advisories")));
        report.add(&TierReport::sum(checks));
    } else {
        terminal::progress(
            "  SKIPPED advisories: their database cannot be reached; run `cargo deny check advisories` online",
        );
        report.totals.skipped += 1;
        report.unreachable += 1;
    }
    report
}

/// The repository's rules are one test each.
fn tidy_report() -> TierReport {
    match tidy::check() {
        Ok(tidy::TidyOutcome { held, broken, violations }) => TierReport {
            totals: Totals { passed: held, failed: broken, skipped: 0 },
            output: violations.join("\n"),
            skipped: None,
            unreachable: 0,
        },
        Err(error) => TierReport::broken(&error),
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("unknown", |value| value.get_name()))
    }
}

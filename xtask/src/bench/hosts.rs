//! `cargo xtask bench hosts`: many hosts in one command, there and back, proven, beside kubectl with the same objects.

use std::{ffi::OsStr, path::PathBuf};

use clap::{Args, value_parser};
use testbed::bed::{self, Bed, Topology};

use super::{
    mesh,
    table::{Comparison, print},
};
use crate::plugin::{self, Profile};

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Hosts in one command
    #[arg(default_values_t = [1, 20, 100], value_parser = value_parser!(u32).range(1..=1000))]
    hosts: Vec<u32>,
    /// Measure this program, such as one that `cargo xtask dist` built, instead of building a release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u16).range(1..=100))]
    runs: u16,
}

/// Measures in the namespace of the callers, whose proxies prove each step, and prints the table.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    bed::check()?;
    bed::prepare()?;
    let plugin = match &options.program {
        Some(program) => program.clone(),
        None => plugin::build(Profile::Release)?,
    };
    let bed = Bed::up("bench", &Topology::standard()?)?.guard();
    let runs = usize::from(options.runs);
    let mut rows = Vec::new();
    for count in &options.hosts {
        let hosts: Vec<String> = (0..*count).map(|number| format!("host{number}.example.com")).collect();
        let manifest = mesh::objects(&bed, &plugin, &hosts, "shop")?;
        let named = |verb: &'static str| [verb].into_iter().chain(hosts.iter().map(String::as_str));
        let change = |verb| named(verb).chain(["-n", "shop", "--yes"]).map(OsStr::new).collect::<Vec<_>>();
        let (added, removed) =
            mesh::there_and_back(runs, || bed.command(&plugin), &change("add"), &change("remove"))?;
        let file = manifest.as_os_str();
        let [apply, delete] = [&["apply", "--server-side", "-f"][..], &["delete", "-f"]]
            .map(|words| words.iter().map(OsStr::new).chain([file]).collect::<Vec<_>>());
        let (applied, deleted) = mesh::there_and_back(runs, || bed.command("kubectl"), &apply, &delete)?;
        let proven = "nothing proven";
        rows.push(Comparison {
            what: format!("add of {count} hosts, proven at 2 gateway pods and a caller"),
            ours: added,
            peer: format!("kubectl apply --server-side, {proven}"),
            theirs: applied,
        });
        rows.push(Comparison {
            what: format!("remove of {count} hosts, proven there"),
            ours: removed,
            peer: format!("kubectl delete, {proven}"),
            theirs: deleted,
        });
    }
    print(&rows)
}

//! `cargo xtask bench diagnose`: what `diagnose` finds and what it costs, beside `istioctl analyze` and `kubectl get`.
//!
//! Knows which tables there are and where they go; how each is measured is in the modules below.

mod cases;
mod cost;
mod istioctl;
mod kubectl_egress;
mod live;
mod results;
mod scale;
mod strangers;
mod synthetic_mesh;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use testbed::bed;

use crate::{
    page,
    plugin::{self, Profile},
    terminal, workspace,
};

/// Where the tables are published.
const PAGE: &str = "docs/comparison.md";

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only these tables; without, all of them
    #[arg(value_enum)]
    tables: Vec<Table>,
    /// Also what takes minutes: istioctl with 10,000 hosts in the documented layout
    #[arg(long)]
    full: bool,
    /// Put the tables into docs/comparison.md
    #[arg(long)]
    write: bool,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
}

/// One table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// What is found, missed and told of healthy clusters, from files
    Found,
    /// What is found in whole meshes of other people, from files
    Strangers,
    /// Time and memory for many hosts, from files
    Scale,
    /// Time and memory for many hosts on a cluster
    Live,
}

/// Measures, prints the tables, and publishes them where that is asked for.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    bed::check()?;
    let programs = bed::istioctl()?;
    // What is found does not depend on how quickly.
    let is_found = |table: &Table| matches!(table, Table::Found | Table::Strangers);
    let is_debug = !options.tables.is_empty() && options.tables.iter().all(is_found);
    let profile = if is_debug { Profile::Debug } else { Profile::Release };
    let plugin = plugin::build(profile)?;
    let peer = istioctl::Istioctl::new(&programs);
    let runs = usize::from(options.runs);
    for table in [Table::Found, Table::Strangers, Table::Scale, Table::Live] {
        if !options.tables.is_empty() && !options.tables.contains(&table) {
            continue;
        }
        let text = match table {
            Table::Found => results::table(&plugin, &peer)?,
            Table::Strangers => strangers::table(&plugin, &peer)?,
            Table::Scale => scale::table(&plugin, &peer, runs, options.full)?,
            Table::Live => live::table(&plugin, runs)?,
        };
        terminal::result(&text)?;
        if options.write {
            let name = table.to_possible_value().context("a table without a name")?;
            page::replace(&workspace::root().join(PAGE), name.get_name(), &text)?;
        }
    }
    Ok(())
}

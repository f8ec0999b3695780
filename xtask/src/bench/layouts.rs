//! `cargo xtask bench layouts`: what the ways to a gateway cost, and what they lose, at many hosts: the layouts `shared` and
//! `endpoints`, and a form of the second one that no command writes yet.
//!
//! Each form has a bed of its own, because neither istiod nor Envoy gives all its memory back. Knows the table; the modules
//! below know how its figures are measured.

mod calls;
mod form;
mod gateway_pod;
mod hop;
mod lost;
mod measure;
mod opening;
mod progress;
mod resources;
mod static_form;
mod wait;
mod zone;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, value_parser};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tabwriter::TabWriter;
use testbed::bed;

use self::{calls::MOST_HOSTS, form::Form, lost::Lost, measure::FormFigures, resources::mebibytes};
use crate::plugin::{self, Profile};

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Hosts in one namespace
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=i64::from(MOST_HOSTS)))]
    hosts: u32,
    /// Measure this program, such as one that `cargo xtask dist` built, instead of building a release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Measures each form, and prints the table: of those before one that fails as well.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    bed::check()?;
    bed::prepare()?;
    allow_open_files()?;
    let plugin = match &options.program {
        Some(program) => program.clone(),
        None => plugin::build(Profile::Release)?,
    };
    let mut rows = Vec::new();
    let mut measured = Ok(());
    for form in Form::ALL {
        match measure::measure(form, &plugin, options.hosts) {
            Ok(row) => rows.push(row),
            Err(error) => {
                measured = Err(error.context(form.to_string()));
                break;
            }
        }
    }
    print(&rows)?;
    measured
}

/// As many as the machine allows, for the parts of the bed as well: Envoys and the origin have a connection for each host, and
/// a shell allows 1,024 files.
fn allow_open_files() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

fn print(rows: &[FormFigures]) -> anyhow::Result<()> {
    let mut table = TabWriter::new(io::stdout()).padding(3);
    writeln!(
        table,
        "FORM\tOBJECTS\tALL ANSWER\tADD OF ONE MORE\tISTIOD\tCLIENT ENVOY\tITS PROCESSOR AT REST\tGATEWAY ENVOY\t\
         LOST, POD DRAINS\tLOST, POD STOPS\tDIRECT\tHTTP IN MTLS\tTLS AS IT IS"
    )?;
    for row in rows {
        let FormFigures { form, objects, opened, added, before, after, rest, drains, stops, direct, hop } =
            row;
        let added = added.map_or_else(|| "-".to_owned(), |added| format!("{:.1} s", added.as_secs_f64()));
        let grown = |part: fn(&resources::Memory) -> u64| {
            format!("{} to {} MiB", mebibytes(part(before)), mebibytes(part(after)))
        };
        let (istiod, client) = (grown(|memory| memory.istiod), grown(|memory| memory.client));
        let gateway = grown(|memory| memory.gateway);
        let (mtls, passes) = (yes(hop.http_in_mtls), yes(hop.tls_passes_through));
        writeln!(
            table,
            "{form}\t{objects}\t{:.1} s\t{added}\t{istiod}\t{client}\t{rest:.0} %\t{gateway}\t\
             {}\t{}\t{direct}\t{mtls}\t{passes}",
            opened.as_secs_f64(),
            losses(drains),
            losses(stops),
        )?;
    }
    Ok(table.flush()?)
}

fn losses(lost: &Lost) -> String {
    format!("HTTP {} of {}, TLS {} of {}", lost.http.lost, lost.http.sent, lost.tls.lost, lost.tls.sent)
}

fn yes(condition: bool) -> &'static str {
    if condition { "yes" } else { "no" }
}

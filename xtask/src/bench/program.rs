//! `cargo xtask bench program`: how large the program is, of what it consists, and how quickly it starts, beside kubectl and
//! istioctl built from source as their releases are.
//!
//! Knows nothing of what the programs do.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use clap::{Args, value_parser};
use object::{File, Object as _, ObjectSection as _};
use tabwriter::TabWriter;
use testbed::bed;

use super::{stopwatch, table::milliseconds};
use crate::{
    plugin::{self, Profile},
    terminal,
};

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The program, such as one that `cargo xtask dist` built; without, a release is built
    program: Option<PathBuf>,
    /// Starts of each program; the median counts
    #[arg(long, default_value_t = 40, value_parser = value_parser!(u16).range(1..=1000))]
    runs: u16,
}

/// What a section of a program is for, in the order of the table.
const PARTS: [(&str, &[&str]); 5] = [
    ("code", &[".text", ".init", ".fini", ".plt"]),
    ("constants", &[".rodata"]),
    ("addresses, and where they are", &[".data.rel.ro", ".got", ".rela.dyn", ".relr.dyn", ".init_array"]),
    ("tables for unwinding", &[".eh_frame", ".eh_frame_hdr", ".gcc_except_table"]),
    ("variables", &[".data", ".tdata"]),
];

/// Measures, and prints both tables.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let ours = match &options.program {
        Some(program) => program.clone(),
        None => plugin::build(Profile::Release)?,
    };
    let peers = bed::peers()?;
    let programs: [(&str, &Path, &[&str]); 3] = [
        ("kubectl-egress", &ours, &["version"]),
        ("kubectl", &peers.join("kubectl"), &["version", "--client"]),
        ("istioctl", &peers.join("istioctl"), &["version", "--remote=false"]),
    ];
    let mut table = TabWriter::new(io::stdout()).padding(3);
    writeln!(table, "PROGRAM\tSIZE\tSTART\tP90")?;
    for (name, program, arguments) in programs {
        terminal::progress(format_args!("starting {name} {} times …", options.runs));
        let size = fs::metadata(program).with_context(|| format!("cannot read {}", program.display()))?.len();
        let mut start = Command::new(program);
        start.args(arguments).env("KUBECONFIG", "/dev/null");
        let times = stopwatch::times(&mut start, usize::from(options.runs))?;
        let [median, slow] = [times.median(), times.slow()].map(milliseconds);
        writeln!(table, "{name}\t{}\t{median}\t{slow}", megabytes(size))?;
    }
    table.flush()?;
    terminal::result("")?;
    let bytes = fs::read(&ours)?;
    writeln!(table, "PART\tSIZE")?;
    for (part, size) in parts(&bytes)? {
        writeln!(table, "{part}\t{}", megabytes(size))?;
    }
    Ok(table.flush()?)
}

/// The sizes of the parts; what is none of them is the last.
fn parts(program: &[u8]) -> anyhow::Result<Vec<(&'static str, u64)>> {
    let file = File::parse(program).context("the program is no ELF file")?;
    let mut sizes: Vec<(&str, u64)> = PARTS.iter().map(|(part, _)| (*part, 0)).collect();
    for section in file.sections() {
        let Some((_, size)) = section.file_range() else { continue };
        let name = section.name()?;
        let part = PARTS.iter().position(|(_, sections)| sections.contains(&name));
        if let Some((_, sum)) = part.and_then(|part| sizes.get_mut(part)) {
            *sum += size;
        }
    }
    let rest = (program.len() as u64).saturating_sub(sizes.iter().map(|(_, size)| size).sum());
    sizes.push(("everything else", rest));
    Ok(sizes)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn the_parts_of_a_program_are_all_of_it() {
        let program = fs::read(env::current_exe().unwrap()).unwrap();
        let parts = parts(&program).unwrap();

        assert!(parts.iter().any(|(part, size)| *part == "code" && *size > 0), "{parts:?}");
        assert_eq!(parts.iter().map(|(_, size)| size).sum::<u64>(), program.len() as u64);
    }

    #[test]
    fn sizes_are_told_as_disks_are_sold() {
        assert_eq!(megabytes(20_049_999), "20.04 MB");
    }
}

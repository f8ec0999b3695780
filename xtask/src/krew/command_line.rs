//! What `cargo xtask krew` does: runs every installation, and shows its commands.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use tempfile::TempDir;

use super::{
    manifest, rules,
    session::{Plugin, Session},
};
use crate::{
    dist::{
        archive::{self, Archive},
        target::Platform,
    },
    plugin::{self, Profile},
    terminal, workspace,
};

/// What to install.
#[derive(Debug, Args)]
pub struct Options {
    /// The program to pack; otherwise it is built, without optimisation
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Packs the program, holds its manifest to every rule, and installs it with the real krew.
///
/// # Errors
/// A rule is broken, or a step fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => plugin::build(Profile::Debug)?,
    };
    let folder = TempDir::new()?;
    let version = workspace::version()?;
    terminal::progress("packing …");
    let archive = pack(&program, &folder.path().join("plugin.tar.gz"))?;
    let text =
        manifest::render(manifest::NAME, &version, "https://example.com", std::slice::from_ref(&archive))?;
    let findings = rules::findings(&text)?;
    ensure!(findings.is_empty(), "krew's reviewers would refuse it:\n{}", findings.join("\n"));
    let plugin = Plugin { name: manifest::NAME, version: &version, archive: &archive };
    let older = Plugin { version: "0.0.1", ..plugin };
    terminal::progress("installing with krew …");
    for steps in [
        |session: &mut Session, _: Plugin<'_>, new: Plugin<'_>| session.validate(new),
        |session: &mut Session, _: Plugin<'_>, new: Plugin<'_>| session.from_archive(new),
        |session: &mut Session, old: Plugin<'_>, new: Plugin<'_>| session.from_index(old, new),
    ] {
        let mut session = Session::new()?;
        let end = steps(&mut session, older, plugin);
        terminal::result(session.transcript())?;
        end?;
    }
    Ok(())
}

/// Packs a program of this machine.
///
/// # Errors
/// krew knows no such machine, or the archive cannot be written.
pub fn pack(program: &Path, place: &Path) -> anyhow::Result<Archive> {
    archive::write(place, Platform::of_this_machine()?, archive::essentials(program)?)
        .with_context(|| format!("cannot pack {}", program.display()))
}

//! Every way in which egress breaks, on a real mesh: a folder of `broken/` for each.
//!
//! Something works, somebody breaks it, calls show it; `diagnose` names the one cause, the command that it prints is typed
//! as it stands, and calls go through the gateway again. Knows how a case is played; what happens in it is in its folder.

mod calls;
mod case;
mod findings;
mod restore;
mod shell;

use std::{fs, path::PathBuf};

use anyhow::Context as _;

use self::{case::Case, findings::Findings, shell::Shell};
use super::harness::{LIMIT, Mesh, eventually, say};

/// The names of all cases, each a folder.
pub(crate) fn cases() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder()).context("cannot list the cases")? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.path().join("case.yaml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Plays a case, and leaves the mesh as it was.
pub(crate) fn check(mesh: &Mesh, name: &str) -> anyhow::Result<()> {
    let folder = folder().join(name);
    let case = Case::read(&folder)?;
    let before = restore::take(mesh)?;
    let outcome = play(mesh, &case, &Shell::open(mesh, &case, &folder)?);
    let back = restore::put_back(mesh, &before).context("putting everything back");
    // What went wrong first is told.
    outcome.and(back)
}

fn play(mesh: &Mesh, case: &Case, shell: &Shell<'_>) -> anyhow::Result<()> {
    if let Some(before) = &case.before {
        shell.run(before).context("what stands before")?;
        calls::expect(mesh, &case.calls, |call| &call.before).context("before anything is broken")?;
    }
    let paused = case.pause.as_ref().map(|part| mesh.pause_part(part)).transpose()?;
    if let Some(breaks) = &case.breaks {
        shell.run(breaks).context("what breaks it")?;
    }
    calls::expect(mesh, &case.calls, |call| &call.broken).context("while it is broken")?;
    let found = eventually("the diagnosis to name the cause", LIMIT, || {
        let found = Findings::of(mesh, case)?;
        found.expect_cause(case)?;
        Ok(found)
    })?;
    found.expect_consequence(case)?;
    for command in found.fixes(case) {
        say(format_args!("  {command}"));
        shell.fix(&command)?;
    }
    drop(paused);
    if let Some(repair) = &case.repair {
        shell.run(&repair.run).context("the repair by hand")?;
    }
    eventually("the diagnosis to be clean", LIMIT, || {
        // Calls each time: a gateway pod tells what became of its own, and learns of a repair by the next one.
        calls::expect(mesh, &case.calls, |call| &call.repaired).context("after the repair")?;
        Findings::of(mesh, case)?.expect_clean(case)
    })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/mesh/broken")
}

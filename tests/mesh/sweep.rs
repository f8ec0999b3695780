//! Killed or failed at any request: after the next command the cluster is exactly as before the change or as after it, and
//! no call has left directly at any moment.
//!
//! A server in front of the API server sees each request of the plugin. It holds one back, so that the plugin can be killed
//! before the API server has the request or before the plugin has the answer; or it gives an answer of its own. Each run
//! tries the next request, until one ends without having met it. The test command sweeps the writes of the changes that
//! people make most. `SWEEP=writes` sweeps those of all changes, `SWEEP=requests` every request, and `SWEEP_TABLE` names a
//! file for the figures: `cargo xtask sweep` sets them.

mod change;
mod fault;
mod state;

use std::{env, fmt::Write as _, fs};

use anyhow::{Context as _, bail, ensure};
use testbed::bed::{Signal, User};

use self::{
    change::{CHANGES, Change},
    fault::{FAULTS, SweepFault},
    state::MeshState,
};
use super::harness::{Ended, LIMIT, Mesh, SHOP, Test, eventually, say};

pub(crate) const TESTS: &[Test] = &[
    ("a_change_that_is_killed_at_any_write_is_finished_or_undone", killed),
    ("a_change_that_an_answer_cuts_short_is_finished_or_undone", answered),
];

const URLS: [&str; 2] = ["http://edition.cnn.com/", "https://edition.cnn.com/"];
/// No change asks so often.
const MOST_REQUESTS: usize = 2_000;

/// How much is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The writes of the changes and the faults that are swept in every run of the tests.
    Common,
    /// The writes of all changes.
    Writes,
    /// All requests of all changes, where a request that only reads can meet the fault.
    Requests,
}

/// What came of one change and one fault.
#[derive(Debug, Default)]
struct SweepFigures {
    /// Runs that met the fault.
    points: usize,
    /// Those that left neither "before" nor "after": without any, the sweep would be blind.
    halves: usize,
    /// Ends that were neither "before" nor "after" once the next command had run, with what was found.
    mixed: Vec<String>,
}

fn killed(mesh: &Mesh) -> anyhow::Result<()> {
    let halves = sweep(mesh, |fault| matches!(fault, SweepFault::Kill(_)))?;
    ensure!(halves > 0, "no kill has left a half-done change: this test is blind");
    Ok(())
}

fn answered(mesh: &Mesh) -> anyhow::Result<()> {
    sweep(mesh, |fault| !matches!(fault, SweepFault::Kill(_))).map(drop)
}

/// Sweeps all changes with these faults; how many runs were left half done.
fn sweep(mesh: &Mesh, wanted: impl Fn(&SweepFault) -> bool) -> anyhow::Result<usize> {
    let extent = Extent::wanted()?;
    let (mut failed, mut table, mut halves) = (Vec::new(), String::new(), 0);
    for change in CHANGES.iter().filter(|change| extent != Extent::Common || change.is_common) {
        mesh.clean()?;
        let (before, after) = ends(mesh, change)?;
        let faults = FAULTS.iter().filter(|fault| extent != Extent::Common || fault.is_common());
        for fault in faults.filter(|fault| wanted(fault)) {
            let load = mesh.load(SHOP, &URLS)?;
            let figures = points(mesh, change, *fault, extent, &before, &after)?;
            let fates = mesh.fates(load.end()?.iter())?;
            let (name, mixed) = (change.name, figures.mixed.len());
            let SweepFigures { points, halves: left, .. } = figures;
            say(format_args!(
                "  {name} × {fault}: {points} points, {left} half done, {mixed} mixed, {} directly",
                fates.direct
            ));
            writeln!(table, "| {name} | {fault} | {points} | {left} | {mixed} | {} |", fates.direct)?;
            ensure!(points > 0, "{name} × {fault}: no request met it");
            ensure!(fates.direct == 0, "{name} × {fault}: left directly: {fates}");
            failed.extend(figures.mixed.iter().map(|found| format!("{name} × {fault}: {found}")));
            halves += left;
        }
    }
    if let Ok(file) = env::var("SWEEP_TABLE") {
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, before + &table)?;
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(halves)
}

impl Extent {
    fn wanted() -> anyhow::Result<Self> {
        match env::var("SWEEP").as_deref() {
            Err(_) => Ok(Extent::Common),
            Ok("writes") => Ok(Extent::Writes),
            Ok("requests") => Ok(Extent::Requests),
            Ok(other) => bail!("SWEEP: expected `writes` or `requests`, found {other:?}"),
        }
    }
}

/// The state before a change and after it, where nothing fails; the cluster is as before again.
fn ends(mesh: &Mesh, change: &Change) -> anyhow::Result<(MeshState, MeshState)> {
    change.set_up(mesh)?;
    let before = MeshState::of(mesh)?;
    mesh.done(change.command)?;
    let after = MeshState::of(mesh)?;
    ensure!(before != after, "{} changes nothing", change.name);
    change.take_back(mesh)?;
    ensure!(MeshState::of(mesh)? == before, "{} is not taken back", change.name);
    Ok((before, after))
}

/// Every request that may meet the fault, one run for each.
fn points(
    mesh: &Mesh,
    change: &Change,
    fault: SweepFault,
    extent: Extent,
    before: &MeshState,
    after: &MeshState,
) -> anyhow::Result<SweepFigures> {
    let mut figures = SweepFigures::default();
    for number in 1..MOST_REQUESTS {
        let (ended, met) = run(mesh, change, fault, number, extent)?;
        if let Some(met) = met {
            figures.points += 1;
            let point = format!("request {number}, {met}, exit code {}", ended.code);
            let found = MeshState::of(mesh)?;
            if found != *before && found != *after {
                figures.halves += 1;
                said_to_be_half_done(mesh, change, &found, &point)?;
            }
            // In turn: the same command finishes it, and the opposite one takes it back.
            if number % 2 == 1 {
                next(mesh, change.command, after, &point, &mut figures)?;
                change.take_back(mesh)?;
            } else {
                change.take_back(mesh)?;
            }
            let found = MeshState::of(mesh)?;
            if found != *before {
                figures.mixed.push(format!("{point}, then taken back: {}", before.difference(&found)));
                mesh.clean()?;
                change.set_up(mesh)?;
            }
            continue;
        }
        ensure!(ended.code == 0, "it failed without meeting the fault: {}", ended.stderr);
        change.take_back(mesh)?;
        return Ok(figures);
    }
    bail!("{} asks more than {MOST_REQUESTS} times", change.name)
}

/// Runs the change and lets its request of this number meet the fault; `None`: it had no such request.
fn run(
    mesh: &Mesh,
    change: &Change,
    fault: SweepFault,
    number: usize,
    extent: Extent,
) -> anyhow::Result<(Ended, Option<String>)> {
    let (server, met) = fault.server(mesh, number, extent == Extent::Requests)?;
    let url = server.url();
    let arguments = [change.command, &["--server", &url, "--request-timeout=3s"]].concat();
    let mut running = mesh.start(User::Admin, &arguments)?;
    if let SweepFault::Kill(_) = fault {
        eventually("the request, or the end", LIMIT, || {
            ensure!(server.met() > 0 || !running.is_running()?, "neither yet");
            Ok(())
        })?;
        if server.met() > 0 {
            running.signal(Signal::KILL)?;
        }
    }
    let ended = running.end()?;
    drop(server);
    let met = met.lock().ok().and_then(|met| met.clone());
    Ok((ended, met))
}

/// A host that is half done is never called ready. Between the removal of a layout and the addition of another there is
/// nothing that could be listed.
fn said_to_be_half_done(mesh: &Mesh, change: &Change, found: &MeshState, point: &str) -> anyhow::Result<()> {
    let listed = mesh.done(&["list", "-n", "shop"])?.stdout;
    let mut rows = listed.lines().filter(|line| line.starts_with("edition.cnn.com "));
    if !found.has("edition-cnn-com") {
        return Ok(());
    }
    let row = rows.next().with_context(|| format!("{}: {point}: not listed\n{listed}", change.name))?;
    ensure!(!row.contains(" ready "), "{}: {point}: {row}", change.name);
    Ok(())
}

/// The next command makes the change whole.
fn next(
    mesh: &Mesh,
    command: &[&str],
    wanted: &MeshState,
    point: &str,
    figures: &mut SweepFigures,
) -> anyhow::Result<()> {
    let ended = mesh.plugin(command)?;
    // Where it was whole already, `remove` finds nothing.
    let nothing = ended.code == 1 && ended.stderr.contains("no egress for host");
    ensure!(ended.code == 0 || nothing, "{point}, then again: exit code {}\n{}", ended.code, ended.stderr);
    let found = MeshState::of(mesh).context("the state after the next command")?;
    if found != *wanted {
        figures.mixed.push(format!("{point}, then again: {}", wanted.difference(&found)));
    }
    Ok(())
}

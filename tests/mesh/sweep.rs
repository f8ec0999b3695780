//! Killed or failed at any request: after the next command the cluster is exactly as before the change or as after it, and
//! no call has left directly at any moment.
//!
//! A server in front of the API server sees each request of the plugin. It holds one back, so that the plugin can be killed
//! before the API server has the request or before the plugin has the answer; or it gives an answer of its own. Each run
//! tries the next request, until one ends without having met it. `SWEEP=full` tries every request of every change; without
//! it, every write of the changes that people make most.

mod change;
mod fault;
mod state;

use std::env;

use anyhow::{Context as _, ensure};
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

/// What came of one change and one fault.
#[derive(Debug, Default)]
struct SweepFigures {
    /// Runs that met the fault.
    points: usize,
    /// Ends that were neither "before" nor "after", with what was found.
    mixed: Vec<String>,
}

fn killed(mesh: &Mesh) -> anyhow::Result<()> {
    sweep(mesh, |fault| matches!(fault, SweepFault::Kill(_)))
}

fn answered(mesh: &Mesh) -> anyhow::Result<()> {
    sweep(mesh, |fault| !matches!(fault, SweepFault::Kill(_)))
}

fn sweep(mesh: &Mesh, wanted: impl Fn(&SweepFault) -> bool) -> anyhow::Result<()> {
    let is_full = env::var("SWEEP").is_ok_and(|value| value == "full");
    let mut failed = Vec::new();
    for change in CHANGES.iter().filter(|change| is_full || change.is_common) {
        mesh.clean()?;
        let (before, after) = ends(mesh, change)?;
        for fault in FAULTS.iter().filter(|fault| wanted(fault)) {
            let load = mesh.load(SHOP, &URLS)?;
            let figures = points(mesh, change, fault, is_full, &before, &after)?;
            let fates = mesh.fates(load.end()?.iter())?;
            let SweepFigures { points, mixed } = &figures;
            say(format_args!(
                "  {} × {fault}: {points} points, {} mixed, {} directly, {} lost",
                change.name,
                mixed.len(),
                fates.direct,
                fates.lost.values().sum::<usize>()
            ));
            ensure!(*points > 0, "{} × {fault}: no request met it", change.name);
            ensure!(fates.direct == 0, "{} × {fault}: left directly: {fates}", change.name);
            failed.extend(mixed.iter().map(|found| format!("{} × {fault}: {found}", change.name)));
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
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
    fault: &SweepFault,
    is_full: bool,
    before: &MeshState,
    after: &MeshState,
) -> anyhow::Result<SweepFigures> {
    let mut figures = SweepFigures::default();
    for number in 1..MOST_REQUESTS {
        let (ended, met) = run(mesh, change, fault, number, is_full)?;
        if let Some(met) = met {
            figures.points += 1;
            let point = format!("request {number}, {met}, exit code {}", ended.code);
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
    anyhow::bail!("{} asks more than {MOST_REQUESTS} times", change.name)
}

/// Runs the change and lets its request of this number meet the fault; `None`: it had no such request.
fn run(
    mesh: &Mesh,
    change: &Change,
    fault: &SweepFault,
    number: usize,
    is_full: bool,
) -> anyhow::Result<(Ended, Option<String>)> {
    let (server, met) = fault.server(mesh, number, is_full)?;
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

//! Killed without a chance to say anything: whatever was left is finished, or undone, by the next command.

use testbed::bed::{Signal, User};

use super::{ADD, ADDED, GATEWAY, REMOVE, REMOVED, RULE, add_finishes, remove_finishes};
use crate::harness::{LIMIT, Mesh};

pub(super) fn killed(mesh: &Mesh) -> anyhow::Result<()> {
    for (index, object) in ADDED.into_iter().enumerate() {
        kill_at(mesh, &ADD, object)?;
        if index % 2 == 0 {
            add_finishes(mesh)?;
        }
        remove_finishes(mesh)?;
        if [GATEWAY, RULE].contains(&object) {
            // The pair outlives its hosts, and here it must be written again.
            mesh.clean()?;
        }
    }
    for (index, object) in REMOVED.into_iter().enumerate() {
        mesh.done(&ADD)?;
        kill_at(mesh, &REMOVE, object)?;
        if index % 2 == 1 {
            add_finishes(mesh)?;
        }
        remove_finishes(mesh)?;
    }
    Ok(())
}

fn kill_at(mesh: &Mesh, command: &[&str], object: &str) -> anyhow::Result<()> {
    let mark = mesh.mark()?;
    let running = mesh.start(User::Admin, command)?;
    mesh.until_asked(object, mark, LIMIT)?;
    running.signal(Signal::KILL)?;
    running.end()?;
    mesh.writes_since(mark)?;
    Ok(())
}
